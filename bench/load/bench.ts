import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as v from 'valibot';
import { clock } from '../../client/clock.ts';
import { systemClock } from '../../relay/run/clock.ts';
import { Run } from '../../relay/run/run.ts';
import type { WholeManifest } from '../../relay/wire/frames.ts';
import { tokensOf } from '../../relay/wire/offer.ts';
import { serve } from '../growth/relay-process.ts';
import { healthMilliseconds } from './health.ts';
import type { LoadJob } from './nodes-process.ts';
import { forgetPeak, peakMemory } from './peak-memory.ts';
import { loopFigures, under } from './relay-figures.ts';
import { loadRun } from './run.ts';

export interface LoadOptions {
  readonly nodes: readonly number[];
  readonly rounds: number;
  /** Layers of the model: see `loadRun`. */
  readonly layers: number;
  /** Loopback addresses that the nodes come from in turn; as many as nodes unless given. */
  readonly addresses?: number;
  /** Seconds over which the uploads of a round begin. */
  readonly spread: number;
  readonly seed: number;
  /** Folder of the built bench. */
  readonly headless: string;
}

/** Milliseconds after which an answer of /healthz counts as missing, and between two requests of it. */
const patience = 20_000;
const probeEvery = 20;
const observer = '127.0.0.1';

const numbers = v.array(v.number());
const tallySchema = v.object({
  ...{ fromOffer: numbers, fromLastByte: numbers, refusals: v.record(v.string(), v.number()) },
  ...{ lost: v.number(), joined: v.number(), seconds: v.number(), processorSeconds: v.number() },
});

/** A record for each number of nodes: a relay with real sockets under their contributions, from their joins to the last commit. */
export async function* loadBench(options: LoadOptions): AsyncGenerator<object> {
  for (const nodes of options.nodes) yield await load(nodes, options);
}

async function load(nodes: number, { rounds, layers, spread, seed, headless, ...rest }: LoadOptions) {
  const addresses = Math.min(nodes, rest.addresses ?? nodes);
  const folder = mkdtempSync(join(tmpdir(), 'tapestry-load-'));
  const children: ChildProcess[] = [];
  try {
    const run = await Run.open(folder, loadRun({ layers, rounds, nodes }), systemClock);
    const { manifest } = run;
    await run.close();
    const relay = await serve(folder, ['--seats', String(Math.ceil(nodes / addresses))]);
    children.push(relay.process);
    const { pid = 0 } = relay.process;
    const job = { ...jobOf(manifest), relay: relay.url.href, nodes, addresses, spread: 1000 * spread, seed };
    const contributors = fork(join(headless, 'load-nodes.js'), [JSON.stringify(job)]);
    children.push(contributors);
    await once(contributors, 'message');
    forgetPeak(pid);
    const before = await loopFigures(relay.url.href, observer);
    const ended = new AbortController();
    const health = probe(relay.url, ended.signal);
    const viewed = viewStatus(relay.url, ended.signal);
    contributors.send('join');
    const tally = v.parse(tallySchema, (await once(contributors, 'message'))[0]);
    const after = await loopFigures(relay.url.href, observer);
    ended.abort();
    const waits = await health;
    const accepted = tally.fromLastByte.length;
    const { payloadBytes } = manifest.limits;
    return {
      ...{ nodes, addresses, parameters: manifest.model.parameters, rounds, payloadBytes },
      ...{ accepted, expected: nodes * rounds, refusals: tally.refusals, lost: tally.lost },
      ...{ seconds: tally.seconds, megabytesPerSecond: (accepted * payloadBytes) / 1e6 / tally.seconds },
      acknowledgedMs: { fromLastByte: parts(tally.fromLastByte), fromOffer: parts(tally.fromOffer) },
      healthMs: { ...parts(waits), unanswered: waits.filter((wait) => wait === Infinity).length },
      heldMs: { p99: under(0.99, before.held, after.held), most: under(1, before.held, after.held) },
      processorMsEach: {
        relay: (1000 * (after.processorSeconds - before.processorSeconds)) / accepted,
        nodes: (1000 * tally.processorSeconds) / accepted,
      },
      residentMiB: peakMemory(pid),
      statusBytes: await viewed,
    };
  } finally {
    for (const child of children) child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What the nodes need to know of the run. */
function jobOf({ codec, model, strategy }: WholeManifest): Pick<LoadJob, 'codec' | 'parameters' | 'tokens'> {
  if (codec.case !== 'sparse') throw new TypeError('the deltas of a load are sparse');
  const { chunk, top, exponent, maxShift, clipNorm, feedbackDecay } = codec.value;
  return {
    codec: { chunk, top, exponent, maxShift, clipNorm, feedbackDecay },
    parameters: model.parameters,
    tokens: tokensOf(strategy, 1),
  };
}

/** Asks /healthz again and again; the milliseconds of each answer. */
async function probe(relay: URL, signal: AbortSignal): Promise<number[]> {
  const waits: Promise<number>[] = [];
  for (; !signal.aborted; await clock.sleep(probeEvery, signal))
    waits.push(healthMilliseconds(relay, patience));
  return Promise.all(waits);
}

/** Reads the status as a dashboard does; its bytes. */
async function viewStatus(relay: URL, signal: AbortSignal): Promise<number> {
  let bytes = 0;
  try {
    const { body } = await fetch(new URL('api/events', relay), { signal });
    for await (const part of body ?? []) bytes += part.length;
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  return bytes;
}

function parts(values: readonly number[]): { p50: number; p99: number; most: number } {
  const sorted = [...values].sort((one, other) => one - other);
  const at = (part: number) => sorted[Math.ceil(part * sorted.length) - 1] ?? 0;
  return { p50: at(0.5), p99: at(0.99), most: at(1) };
}
