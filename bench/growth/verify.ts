import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { clock } from '../../client/clock.ts';
import { fetchPinnedTo } from '../../client/host/node/network.ts';
import { folderSource } from '../../relay/verify/folder-source.ts';
import { relaySource } from '../../relay/verify/http-source.ts';
import type { VerifySource } from '../../relay/verify/source.ts';
import { verifyRun } from '../../relay/verify/verify.ts';
import { writeSyntheticRun } from './contributions.ts';
import { serve } from './relay-process.ts';

export interface VerifyBenchOptions {
  readonly contributions: number;
  readonly nodes: number;
  readonly parameters: number;
  /** Milliseconds that each answer of the relay takes to arrive, as over a long way. */
  readonly delay: number;
}

/** How fast a run of synthetic contributions is written, and verified in its folder and over HTTP from a relay beside it. */
export async function* verifyBench({ contributions, nodes, parameters, delay }: VerifyBenchOptions) {
  const folder = mkdtempSync(join(tmpdir(), 'tapestry-bench-'));
  const rounds = Math.ceil(contributions / nodes);
  try {
    const writing = performance.now();
    await writeSyntheticRun(folder, { parameters, rounds, nodes });
    yield record('written', writing, rounds * nodes);
    yield await verified('folder', folderSource(folder));
    const relay = await serve(folder);
    const near = fetchPinnedTo(undefined);
    const far: typeof near = async (url, init) => {
      await clock.sleep(delay);
      return near(url, init);
    };
    yield await verified('http', relaySource(relay.url, { fetch: near }));
    yield await verified(`http, ${delay} ms away`, relaySource(relay.url, { fetch: far }));
    relay.process.kill();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Verifies a run that must be intact. */
export async function verified(what: string, source: VerifySource) {
  const began = performance.now();
  const verification = verifyRun(source);
  let step = await verification.next();
  while (!step.done) step = await verification.next();
  const { problems, contributions } = step.value;
  if (problems.length > 0) throw new Error(JSON.stringify(problems));
  return record(what, began, contributions);
}

function record(what: string, began: number, contributions: number) {
  const seconds = (performance.now() - began) / 1000;
  return { what, contributions, seconds, perSecond: contributions / seconds };
}
