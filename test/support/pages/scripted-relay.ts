import { readFile } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import { dirname, extname, join, normalize } from 'node:path';
import type { Speech } from '../../../relay/wire/speech/speech.ts';
import type { RelayStatus, StatusRound } from '../../../relay/wire/status.ts';

/** The strictest policies that the pages must live with. */
const pagePolicy =
  "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const workerPolicy = "default-src 'none'; connect-src 'self'; script-src 'self'";

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.webmanifest': 'application/manifest+json',
  '.png': 'image/png',
  '.proto': 'text/plain; charset=utf-8',
};

const comlink = join(
  dirname(createRequire(import.meta.url).resolve('comlink/package.json')),
  'dist/esm/comlink.mjs',
);

export interface ScriptedRelay {
  readonly url: string;
  /** Sends this status to all current and later viewers; null cuts every stream and answers 503. */
  show(status: RelayStatus | null): void;
  close(): Promise<void>;
}

/** Serves the built pages, a status that a test sets, and `worker`, if given, in place of the built one. */
export async function startScriptedRelay(folder: string, worker?: string): Promise<ScriptedRelay> {
  let shown: RelayStatus | null = null;
  const streams = new Set<ServerResponse>();
  let sequence = 0;
  // A number is left out each time, so that a page asks for the whole status.
  const event = () => {
    sequence += 2;
    return `data: ${JSON.stringify({ sequence })}\n\n`;
  };
  const answer = (path: string, status: RelayStatus, after: number) => {
    const { history, ...facts } = status;
    if (path === '/api/status') return { sequence, ...facts };
    if (path === '/api/speech') return status.speech === undefined ? null : speechAnswer(status.speech);
    const round = Number(/^\/api\/rounds\/(\d+)$/.exec(path)?.[1]);
    if (round > 0) return roundAnswer(status, round);
    return { run: facts.run.id, history: history.filter(({ round }) => round > after) };
  };

  const server = createServer(async (request, response) => {
    const asked = new URL(request.url ?? '/', 'http://relay');
    const path = normalize(asked.pathname);
    if (path === '/api/events' && shown !== null) {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(event());
      streams.add(response);
      response.on('close', () => streams.delete(response));
      return;
    }
    if (path === '/api/speech' && request.method === 'POST') {
      response.writeHead(202).end();
      return;
    }
    if (path.startsWith('/api/')) {
      if (shown === null) response.writeHead(503).end();
      else {
        const said = answer(path, shown, Number(asked.searchParams.get('after') ?? 0));
        response.writeHead(said === null ? 404 : 200).end(JSON.stringify(said));
      }
      return;
    }
    const isWorker = path.startsWith('/assets/contribute-worker');
    const scripted = isWorker && worker !== undefined;
    const file =
      path === '/'
        ? join(folder, 'index.html')
        : path === '/dashboard'
          ? join(folder, 'dashboard.html')
          : path === '/audit'
            ? join(folder, 'audit.html')
            : path === '/comlink.mjs'
              ? comlink
              : join(folder, path);
    try {
      const body = scripted ? worker : await readFile(file);
      response.writeHead(200, {
        'content-type': types[extname(file)] ?? 'application/octet-stream',
        'content-security-policy': isWorker ? workerPolicy : pagePolicy,
      });
      response.end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: `http://localhost:${port}`,
    show(status) {
      shown = status;
      for (const stream of streams)
        if (status === null) stream.end();
        else stream.write(event());
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** What four bases make of a prompt of the room; the newest is still about to write. */
function speechAnswer(revision: number): Speech {
  const text = ' equal in dignity and rights, and the state of the law of the community of all the pe';
  const writings = [1, 5, 20, 23].map((round) => ({ round, text: round === 23 ? null : text }));
  const starts = [{ corpus: 'Romance', text: 'Toda persona tiene derecho' }];
  const prompt = { id: 3, text: 'What the wind says', corpus: null };
  return { revision, prompt, writings, waiting: 2, isOpen: true, starts };
}

/** A committed round to which all nodes contributed, the last of them in vain; null if it is not committed. */
function roundAnswer({ run, nodes, history, sample }: RelayStatus, round: number): StatusRound | null {
  const committed = history[round - 1];
  if (committed === undefined) return null;
  const { evaluators } = run;
  const lots = [0.0123, -0.00456, null] as const;
  const contributions = nodes.map(({ id, corpus }, index): StatusRound['contributions'][number] => {
    const given = { node: id, corpus, steps: 50, tokens: 25_600, trainingLoss: 2 + index / 100 };
    const isMerged = index < nodes.length - 1;
    const isWorse = evaluators !== undefined && index === 1;
    return {
      ...{ ...given, part: 'whole', heldOutLoss: 2.5, isMerged: isMerged && !isWorse },
      score: evaluators === undefined ? null : (lots[index % lots.length] ?? null),
      ...(isWorse
        ? { counted: 0, reason: 'worse' }
        : index === 0 && evaluators !== undefined
          ? { counted: 10_240, reason: 'short' }
          : { counted: isMerged ? 25_600 : 0, reason: isMerged ? null : 'left-out' }),
    };
  });
  const scoredBy = evaluators === undefined ? null : evaluators.ids.slice(0, evaluators.quorum);
  return { run: run.id, committed, contributions, scoredBy, sample: sample && { ...sample, round } };
}

/** A worker that finds a GPU and emits `events` once started, and more by `self.emit`; its answers show what the page asked of it. */
export function scriptedWorker(events: readonly object[]): string {
  return `import * as Comlink from '/comlink.mjs';
const events = ${JSON.stringify(events)}.map(({ evidence, ...event }) => evidence === undefined ? event :
  { ...event, evidence: evidence.map((file) => ({ ...file, bytes: Uint8Array.from(file.bytes) })) });
const languages = ['Català', 'Español', 'Français', 'Italiano', 'Português', 'Română'].map((name) => ({ code: name, name }));
let tell = () => {};
let left;
self.asked = [];
self.emit = (event) => tell(event);
Comlink.expose({
  async probe() {
    return { gpu: { name: 'NVIDIA GeForce RTX 4070', software: false }, tokenNeeded: false,
      corpora: ['Romance', 'Germanic', 'Bantu'].map((name) => ({ name, languages })) };
  },
  async preview(files) {
    const refused = files.filter(({ name }) => name.endsWith('.pdf'));
    return { bytes: files.length === refused.length ? 0 : 2_048_000, firstLines: ['Call me Ishmael.', 'Some years ago…'],
      problems: refused.map(({ name }) => ({ code: 'corpus.not-text', message: name + ' is a PDF document.', next: 'Export it.' })) };
  },
  subscribe(listener) { tell = listener; },
  watchLoaded(add) { add(1_000_000); },
  async start() {
    for (const event of events) { await tell(event); await new Promise((next) => setTimeout(next, 2)); }
    return new Promise((resolve) => { left = resolve; });
  },
  pause() { tell({ event: 'paused' }); },
  resume() { tell({ event: 'resumed' }); },
  async finish() {
    await tell({ event: 'finishing' });
    await new Promise((next) => setTimeout(next, 200));
    await tell({ event: 'left', reason: 'finished', contributions: 1, tokens: 25600 });
    left?.();
  },
  storeSoon() {},
  retryNow() { self.asked.push('retry now'); },
  setPower() {},
  async receipts() { return null; },
  async forget() {},
});
`;
}
