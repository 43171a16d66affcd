import * as Comlink from 'comlink';
import { Contributor } from '../../../client/contribute/contributor.ts';
import { JournalForkedError } from '../../../client/contribute/protocol/evidence.ts';
import { receiptsFile } from '../../../client/contribute/round/node-store.ts';
import type { Corpus } from '../../../client/data/corpus.ts';
import { loadNation, nations } from '../../../client/data/udhr/nations.ts';
import { openDevice } from '../../../client/gpu/device.ts';
import { forgetIdentity } from '../../../client/host/browser/identity.ts';
import { browserNetwork } from '../../../client/host/browser/network.ts';
import { browserRuntime, forgetFiles } from '../../../client/host/browser/runtime.ts';
import { decodeToNode, socketPath } from '../../../relay/wire/frames.ts';

import { watchLoaded } from '../../ui/page-bytes/loaded-bytes.ts';
import { problemOf } from '../../ui/problem.ts';
import { Envelope } from '../envelope/envelope.ts';
import { Controls } from './controls.ts';
import { previewOf, readFiles } from './text-preview.ts';
import { paced } from './throttled-events.ts';
import type { ContributeWorker, Probe, StartRequest, WorkerEvent } from './worker-api.ts';

/**
 * The worker runs all code that uses the GPU or the text. The relay serves this script with its own Content Security
 * Policy, so that it can load code from the relay and connect to the relay, but to no other server. Of the text, the
 * page receives only the first lines of the chosen files, which it shows to the person; events hold no text.
 */
const runtime = browserRuntime();
const network = browserNetwork();
/** The relay's address. The build puts this script into assets/, next to the page. */
const relay = new URL('..', self.location.href);
let tell: (event: WorkerEvent) => void = () => {};
const controls = new Controls();
const envelope = new Envelope();

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

/** Time limit in milliseconds for the relay's first frame. */
const probeMilliseconds = 10_000;

/** Reads from the relay's first frame whether it requires a token, and sends nothing; null if the relay does not answer. */
async function probeToken(): Promise<boolean | null> {
  const address = new URL(`.${socketPath}`, relay);
  address.protocol = relay.protocol === 'https:' ? 'wss:' : 'ws:';
  try {
    const socket = await network.connect(address);
    const timer = setTimeout(() => socket.close(), probeMilliseconds);
    try {
      for await (const frame of socket.messages) {
        const message = decodeToNode(frame);
        if (message.case === 'challenge') return message.value.tokenNeeded;
      }
    } finally {
      clearTimeout(timer);
      socket.close();
    }
  } catch {
    // The contributor reports the problem when it starts.
  }
  return null;
}

async function loadCorpus(text: StartRequest['text']): Promise<Corpus> {
  if ('corpus' in text) return loadNation(text.corpus);
  return readFiles(text.files, (problem) => tell({ event: 'file-problem', ...problem }));
}

const api: ContributeWorker = {
  async probe() {
    const [gpu, tokenNeeded] = await Promise.all([probeGpu(), probeToken()]);
    return { gpu, corpora: nations, tokenNeeded };
  },
  preview: previewOf,
  subscribe(listener) {
    tell = paced(listener);
  },
  // What is fetched here is the node's, which counts it itself; scripts and corpora are the page's.
  watchLoaded: (add) => watchLoaded(['resource'], ({ initiatorType }) => initiatorType !== 'fetch', add),
  async start({ text, token, power }) {
    controls.begin();
    try {
      const contributor = new Contributor(runtime, network, {
        relay,
        corpus: await loadCorpus(text),
        corpusName: 'corpus' in text ? text.corpus : null,
        ...(token === null ? {} : { token }),
        power,
        seed: crypto.getRandomValues(new Uint32Array(1))[0] ?? 0,
        onEvent: (event) => tell(event),
        witness: envelope,
      });
      controls.attach(contributor);
      await contributor.run();
    } catch (error) {
      const evidence = error instanceof JournalForkedError ? error.evidence : [];
      tell({ event: 'failed', ...problemOf(error), evidence });
    }
  },
  pause: () => controls.pause(),
  resume: () => controls.resume(),
  finish: () => controls.finish(),
  storeSoon: () => controls.storeSoon(),
  retryNow: () => controls.retryNow(),
  setPower: (power) => controls.setPower(power),
  sentMessages: (type) => envelope.sentMessages(type),
  openMessage: (id) => envelope.openMessage(id),
  openDelta: (chunk) => envelope.openDelta(chunk),
  receipts: (run) => receiptsFile(runtime.files, run),
  async forget() {
    await Promise.all([forgetIdentity(), forgetFiles()]);
  },
};

Comlink.expose(api);
