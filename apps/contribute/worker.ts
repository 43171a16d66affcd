import * as Comlink from 'comlink';
import { clear } from 'idb-keyval';
import { Contributor } from '../../client/contribute/contributor.ts';
import { type Corpus, corpusFromFiles } from '../../client/data/corpus.ts';
import { loadNation, nations } from '../../client/data/nations.ts';
import { TapestryError } from '../../client/errors.ts';
import { openDevice } from '../../client/gpu/device.ts';
import { browserHost } from '../../client/host/browser.ts';
import { decodeToNode, socketPath } from '../../relay/wire/frames.ts';
import { paced } from './paced.ts';
import type { ContributeWorker, Probe, Problem, StartRequest, WorkerEvent } from './worker-api.ts';

/**
 * Everything that touches the GPU or the text. The relay serves this script under a policy of its own: it may load code
 * from the relay and speak to the relay, and nothing else. The page sees events only, and they hold no text.
 */
const host = browserHost();
const relay = new URL('/', self.location.href);
let tell: (event: WorkerEvent) => void = () => {};
let contributor: Contributor | null = null;

async function probeGpu(): Promise<Probe['gpu']> {
  if (!isSecureContext) return { obstacle: 'insecure-context' };
  if (navigator.gpu === undefined) return { obstacle: 'no-webgpu' };
  try {
    const { name, software, close } = await openDevice(navigator.gpu);
    close();
    return { name, software };
  } catch {
    return { obstacle: 'no-adapter' };
  }
}

/** The relay's first frame says whether it wants a token; nothing is sent. */
async function probeToken(): Promise<boolean | null> {
  const address = new URL(socketPath, relay);
  address.protocol = relay.protocol === 'https:' ? 'wss:' : 'ws:';
  try {
    const socket = await host.connect(address);
    try {
      for await (const frame of socket.messages) {
        const message = decodeToNode(frame);
        if (message.case === 'challenge') return message.value.tokenNeeded;
      }
    } finally {
      socket.close();
    }
  } catch {
    // The contributor says what is wrong when it is started; the probe only asks.
  }
  return null;
}

async function loadCorpus(text: StartRequest['text']): Promise<Corpus> {
  if ('nation' in text) return loadNation(text.nation);
  const files = await Promise.all(
    text.files.map(async (file) => ({ name: file.name, bytes: new Uint8Array(await file.arrayBuffer()) })),
  );
  return corpusFromFiles('files', files, (problem) => tell({ event: 'file-problem', ...problemOf(problem) }));
}

function problemOf(error: unknown): Problem {
  return error instanceof TapestryError
    ? { code: error.code, message: error.message, next: error.next }
    : {
        code: 'page.unforeseen',
        message: String(error),
        next: 'Reload the page; if it comes back, report it.',
      };
}

const api: ContributeWorker = {
  async probe() {
    const [gpu, tokenNeeded] = await Promise.all([probeGpu(), probeToken()]);
    return { gpu, nations, tokenNeeded };
  },
  subscribe(listener) {
    tell = paced(listener);
  },
  async start({ text, token, power }) {
    try {
      contributor = new Contributor(host, {
        relay,
        corpus: await loadCorpus(text),
        nation: 'nation' in text ? text.nation : null,
        ...(token === null ? {} : { token }),
        power,
        seed: crypto.getRandomValues(new Uint32Array(1))[0] ?? 0,
        onEvent: (event) => tell(event),
      });
      await contributor.run();
    } catch (error) {
      tell({ event: 'failed', ...problemOf(error) });
    } finally {
      contributor = null;
    }
  },
  pause: () => contributor?.pause(),
  resume: () => contributor?.resume(),
  finish: () => contributor?.finish(),
  setPower: (power) => contributor?.setPower(power),
  async forget() {
    await clear();
    const folder = await navigator.storage.getDirectory();
    for await (const name of folder.keys()) await folder.removeEntry(name, { recursive: true });
  },
};

Comlink.expose(api);
