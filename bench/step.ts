import { join } from 'node:path';
import { quantity } from '../apps/cli/terminal/table.ts';
import type { Turn } from './step/contender.ts';
import { coldEnvironment, ProcessSeat, type Seat } from './step/seat.ts';
import { type Figures, figuresOf, type Observed, ratio } from './step/summary.ts';
import { stepTable } from './step/table.ts';
import { type FrozenPart, stepFlops, type Workload } from './step/workload.ts';

export const platformNames = ['node', 'deno', 'chromium'] as const;
export type Platform = (typeof platformNames)[number];

export interface StepBenchOptions {
  readonly workload: Workload;
  readonly preset: string;
  /** The folder of the built bundles, two below the project's. */
  readonly headless: string;
  /** The summary leads with the first one's figures. */
  readonly platforms: readonly Platform[];
  /** Parts of the model that further contenders, on the first platform, freeze. */
  readonly frozen?: readonly FrozenPart[];
  /** Rank of the adapters that a further contender, on the first platform, trains on all projections. */
  readonly adapter?: number;
  /** Mean length of the documents that a further contender, on the first platform, packs into its windows. */
  readonly packed?: number;
  /** Texts that a further contender, on the first platform, samples side by side, as many tokens as a step has. */
  readonly sampled?: number;
  /** Whether other libraries run beside, in Node. */
  readonly peers: boolean;
  readonly rounds: number;
  /** Steps a turn, at most: slow contenders take fewer. */
  readonly steps: number;
}

/** Each is bench/peers/<library>.ts, told its backend. */
const peers = [
  ['jax-js-webgpu', 'jax', 'webgpu'],
  ['jax-js-wasm', 'jax', 'wasm'],
  ['tfjs-webgpu', 'tfjs', 'webgpu'],
  ['tfjs-wasm', 'tfjs', 'wasm'],
] as const;

/** A turn ends after about this many milliseconds, even before `steps`. */
const turnMilliseconds = 2500;

interface Place {
  readonly name: string;
  readonly workload: Workload;
  start(cold: boolean): Promise<Seat>;
}

interface Seated {
  readonly seat: Seat;
  readonly observed: Omit<Observed, 'turns' | 'peakBytes'>;
  readonly steps: number;
  readonly turns: Turn[];
}

export type StepRecord = ({ readonly event: 'contender' } & Figures) | StepSummary;

/** The last line. The figures without a contender's name are Tapestry's, on the first platform. */
export interface StepSummary {
  readonly bench: 'step';
  readonly preset: string;
  readonly adapter: string;
  readonly parameters: number;
  readonly batch: number;
  readonly sequence: number;
  readonly storage: string;
  /** By contender: tapestry, jax-js-webgpu and so on. */
  readonly tokensPerSecond: Readonly<Record<string, number>>;
  /** How many times as fast as each other contender Tapestry is. */
  readonly ratios: Readonly<Record<string, number>>;
  readonly msPerStep: number;
  readonly bestMsPerStep: number;
  readonly submits: number;
  readonly dispatches: number;
  readonly coldStartSeconds: number;
  readonly warmStartSeconds: number;
  readonly peakBytes: number | null;
  readonly gpuBytes: number;
  readonly predictedBytes: number | null;
  /** Best against best: on a machine that does other things besides, medians say less. */
  readonly roofline: {
    /** The adapter's ceiling: our fastest product of large matrices. */
    readonly matmulGflops: number;
    /** Operations of a step, counted from the model's sizes. */
    readonly stepGflop: number;
    /** Speed of the best block of steps, and its share of the ceiling. */
    readonly gflops: number;
    readonly share: number;
  };
}

/**
 * Measures training steps: this project's on each platform, and with `peers` other libraries' beside it. Every contender
 * has a process of its own and one at a time works, in turns, so that a slow minute of the machine hits all of them.
 * Yields a record for each, then the summary.
 */
export async function* stepBench(options: StepBenchOptions): AsyncGenerator<StepRecord> {
  const { rounds } = options;
  const places = placesOf(options);
  const [own] = places;
  if (own === undefined) throw new Error('there is no platform to measure');
  const coldStartSeconds = await firstStepSeconds(own, true);
  const seated: Seated[] = [];
  try {
    for (const place of places) seated.push(await sit(place, options));
    const warmStartSeconds = await firstStepSeconds(own, false);
    const ceilings: number[] = [];
    for (let round = 0; round < rounds; round++) {
      for (const { seat, steps, turns } of seated) turns.push(await seat.turn(steps));
      ceilings.push((await seated[0]?.seat.ceiling()) ?? 0);
    }
    const seen: Observed[] = [];
    for (const { seat, observed, turns } of seated)
      seen.push({ ...observed, turns, peakBytes: await seat.peakBytes() });
    yield* report(options, seen, Math.max(0, ...ceilings), { coldStartSeconds, warmStartSeconds });
  } finally {
    for (const { seat } of seated) await seat.close();
  }
}

function placesOf(options: StepBenchOptions): Place[] {
  const { workload, platforms, headless, frozen = [], adapter, packed, sampled, peers: beside } = options;
  const root = join(headless, '..', '..');
  const node = (words: readonly string[], cold: boolean) =>
    new ProcessSeat(process.execPath, ['--no-warnings', ...words], cold ? coldEnvironment : {});
  const starts: Readonly<Record<Platform, Place['start']>> = {
    node: async (cold) => node([join(headless, 'contender.js')], cold),
    deno: async (cold) =>
      new ProcessSeat(
        join(root, 'node_modules', '.bin', 'deno'),
        ['run', '--no-remote', '--no-npm', '--no-prompt', join(headless, 'contender.js')],
        cold ? coldEnvironment : {},
      ),
    chromium: async () => (await import('./step/page-seat.ts')).PageSeat.start(headless),
  };
  const own = platforms.map((platform, index) => ({
    name: index === 0 ? 'tapestry' : `tapestry-${platform}`,
    workload,
    start: starts[platform],
  }));
  const parted = frozen.map((part) => ({
    name: `tapestry, ${part} frozen`,
    workload: { ...workload, frozen: part },
    start: starts[platforms[0] ?? 'node'],
  }));
  const adapted = (adapter === undefined ? [] : [adapter]).map((rank) => ({
    name: `tapestry, adapter of rank ${rank}`,
    workload: { ...workload, lora: { rank, alpha: 2 * rank, targets: null } },
    start: starts[platforms[0] ?? 'node'],
  }));
  const documents = (packed === undefined ? [] : [packed]).map((mean) => ({
    name: `tapestry, documents of ${mean} tokens packed`,
    workload: { ...workload, packed: mean },
    start: starts[platforms[0] ?? 'node'],
  }));
  const samples = (sampled === undefined ? [] : [sampled]).map((sequences) => ({
    name: `tapestry, ${sequences} texts sampled`,
    workload: { ...workload, sampled: sequences },
    start: starts[platforms[0] ?? 'node'],
  }));
  const others = peers.map(([name, library, backend]) => ({
    name,
    workload,
    start: async (cold: boolean) => node([join(root, 'bench', 'peers', `${library}.ts`), backend], cold),
  }));
  return [...own, ...parted, ...adapted, ...documents, ...samples, ...(beside ? others : [])];
}

/** Opens the workload and warms up, until the number of steps that fill a turn is known. */
async function sit(place: Place, { steps: most }: StepBenchOptions): Promise<Seated> {
  const seat = await place.start(false);
  try {
    const observed = { name: place.name, ...(await seat.open(place.workload)) };
    const fitting = ({ milliseconds }: Turn) =>
      Math.max(1, Math.min(most, Math.round(turnMilliseconds / (milliseconds.at(-1) ?? 1))));
    const steps = fitting(await seat.turn(fitting(await seat.turn(1))));
    return { seat, observed, steps, turns: [] };
  } catch (error) {
    await seat.close();
    throw error;
  }
}

/** Seconds to the end of the first step, in a process that did nothing before; `cold`: with no shader compiled before. */
async function firstStepSeconds(place: Place, cold: boolean): Promise<number> {
  const seat = await place.start(cold);
  try {
    return (await seat.open(place.workload)).firstStepSeconds;
  } finally {
    await seat.close();
  }
}

function* report(
  { workload, preset }: StepBenchOptions,
  seen: readonly Observed[],
  ceiling: number,
  starts: { readonly coldStartSeconds: number; readonly warmStartSeconds: number },
): Generator<StepRecord> {
  const figures = seen.map((observed) => figuresOf(observed, workload));
  for (const each of figures) yield { event: 'contender', ...each };
  const [own] = seen;
  const [figure] = figures;
  if (own === undefined || figure === undefined) return;
  const flops = stepFlops(workload);
  const gflops = flops / figure.bestMsPerStep / 1e6;
  yield {
    bench: 'step',
    preset,
    adapter: figure.adapter,
    parameters: figure.parameters,
    batch: workload.batch,
    sequence: workload.sequence,
    storage: workload.storage,
    tokensPerSecond: Object.fromEntries(figures.map((each) => [each.contender, each.tokensPerSecond])),
    ratios: Object.fromEntries(seen.slice(1).map((other) => [other.name, ratio(own, other)])),
    msPerStep: figure.msPerStep,
    bestMsPerStep: figure.bestMsPerStep,
    submits: figure.submits,
    dispatches: figure.dispatches,
    ...starts,
    peakBytes: figure.peakBytes,
    gpuBytes: figure.gpuBytes,
    predictedBytes: figure.predictedBytes,
    roofline: {
      matmulGflops: ceiling,
      stepGflop: flops / 1e9,
      gflops,
      share: gflops / ceiling,
    },
  };
}

/** The records for people: a table, and what limits the first contender. */
export async function* printed(records: AsyncIterable<StepRecord>): AsyncGenerator<string> {
  const figures: Figures[] = [];
  for await (const record of records) {
    if ('event' in record) figures.push(record);
    else yield* summaryLines(record, figures);
  }
}

function* summaryLines(summary: StepSummary, figures: readonly Figures[]): Generator<string> {
  const { preset, parameters, batch, sequence, storage, roofline } = summary;
  yield `preset ${preset}, ${quantity(parameters)} parameters, batch ${batch} x ${sequence}, ${storage}, ${summary.adapter}`;
  yield* stepTable(figures, summary.ratios);
  yield `first step ${summary.coldStartSeconds.toFixed(2)} s without a shader cache, ${summary.warmStartSeconds.toFixed(2)} s with it`;
  const { gflops, share, matmulGflops } = roofline;
  yield `at best ${gflops.toFixed(1)} GFLOP/s, ${(100 * share).toFixed(0)}% of the ${matmulGflops.toFixed(1)} that large products reach here`;
}
