import { tensorSizes } from '../../apps/cli/run/choices/delta-choices.ts';
import { initialParameters, type ParameterLayout } from '../../client/model/parameters.ts';
import { delayedNesterov } from '../../relay/run/outer/delayed-nesterov.ts';
import { correctedByMomentum, usualHeLoCo } from '../../relay/run/outer/heloco.ts';
import { nesterov } from '../../relay/run/outer/nesterov.ts';
import type { State } from '../../relay/run/outer/outer-optimizer.ts';
import type { PacedCase } from './cases.ts';
import { openTraining, type Result, type Setting } from './training.ts';

type Vector = Float32Array<ArrayBuffer>;

/** Steps of each node in the time in which the slowest does one. */
export const speeds = [1, 2, 4, 8] as const;
const fastest = Math.max(...speeds);

/** DiLoCo's outer step, with the momentum that this project has for short runs. */
const outer = { learningRate: 0.7, momentum: 0.5 };

export interface PacedResult extends Result {
  /** Steps of the slowest node in the time that the run takes, without transfers. */
  readonly time: number;
  /** Outer steps. */
  readonly commits: number;
  /** Share of the tokens of each node, in the order of `speeds`. */
  readonly shares: number[];
}

/** What one arrival makes of a base and its momentum; the arrivals of a run count from 1. */
type Arrival = (state: State, delta: Float64Array, arrival: number) => Promise<State>;

/**
 * A run of four nodes of different speeds, on virtual time without transfers, in which every way trains as many tokens. A node's step has
 * a fourth of the windows of a step. Deltas are not rounded.
 *
 * - `fixed`: rounds in which each node trains the same steps. `timed`: rounds that last until the fastest has done them; each node has what it
 *   could do, and counts by its tokens. Both take Nesterov's step on the mean.
 * - `naive`: each delta arrives by itself, and is a step of Nesterov's with a fourth of its length, so that four arrivals are as long
 *   as a round.
 * - `delayed`: delayed Nesterov, and steps in proportion to the speed (Liu et al. 2024, arXiv 2401.09135, algorithms 3 and 4).
 * - `heloco`: as `naive`, after the correction of HeLoCo (arXiv 2606.00271).
 */
export async function runPaced(setting: Setting, of: PacedCase): Promise<PacedResult> {
  const started = performance.now();
  const training = await openTraining(setting, speeds.length, 'adamw');
  const { config, layout, adapter } = training;
  const { totalSteps } = setting;
  try {
    const nodes = speeds.map((_, i) => training.node(i, of.seed + 1000 * i));
    const run = new Paced(totalSteps * speeds.length, [initialParameters(config, layout, of.seed)]);
    const train = async (node: number, base: Vector, steps: number) => {
      const first = Math.min(Math.floor(run.done / speeds.length), totalSteps - 1);
      const local = (await nodes[node]?.(base, first, steps)) ?? base;
      run.count(node, steps);
      return base.map((value, i) => value - (local[i] ?? 0));
    };
    if (of.pacing === 'fixed' || of.pacing === 'timed') await inRounds(run, of, train);
    else await byArrivals(run, of, arrivalOf(of.pacing, sizesOf(layout)), train);
    const measured = await training.lossOf(run.base);
    const { time, commits, shares } = run;
    const seconds = (performance.now() - started) / 1000;
    return { ...measured, seconds, adapter, parameters: layout.trained, time, commits, shares };
  } finally {
    training.close();
  }
}

/** What a run has done so far. */
class Paced {
  readonly #budget: number;
  readonly #steps = speeds.map(() => 0);
  #state: State;
  time = 0;
  commits = 0;

  /** `budget`: the steps of all nodes together. */
  constructor(budget: number, state: State) {
    this.#budget = budget;
    const [base = new Float32Array()] = state;
    this.#state = [base, new Float32Array(base.length), new Float32Array(base.length)];
  }

  get state(): State {
    return this.#state;
  }

  get base(): Vector {
    return this.#state[0] ?? new Float32Array();
  }

  get done(): number {
    return this.#steps.reduce((sum, steps) => sum + steps, 0);
  }

  get isOver(): boolean {
    return this.done >= this.#budget;
  }

  get shares(): number[] {
    return this.#steps.map((steps) => steps / this.done);
  }

  count(node: number, steps: number): void {
    this.#steps[node] = (this.#steps[node] ?? 0) + steps;
  }

  commit(state: State, time: number): void {
    this.#state = state;
    this.time = time;
    this.commits++;
  }
}

type Train = (node: number, base: Vector, steps: number) => Promise<Vector>;

/** Rounds of fixed steps, or of the time that the fastest node takes for them. */
async function inRounds(run: Paced, { pacing, steps }: PacedCase, train: Train): Promise<void> {
  const { step } = nesterov(outer);
  const each = speeds.map((speed) => (pacing === 'fixed' ? steps : scaled(steps, speed)));
  const lasts = pacing === 'fixed' ? steps : steps / fastest;
  const tokens = each.reduce((sum, one) => sum + one, 0);
  while (!run.isOver) {
    const base = run.base;
    const delta = new Float64Array(base.length);
    for (const [node, own] of each.entries()) {
      const one = await train(node, base, own);
      for (let i = 0; i < delta.length; i++) delta[i] = (delta[i] ?? 0) + ((one[i] ?? 0) * own) / tokens;
    }
    run.commit(await step(run.state, delta, run.commits + 1), run.time + lasts);
  }
}

/** Each node trains from the base of its last arrival, and arrives when it has done its steps. */
async function byArrivals(
  run: Paced,
  { pacing, steps }: PacedCase,
  arrive: Arrival,
  train: Train,
): Promise<void> {
  const nodes = speeds.map((speed, node) => {
    const own = pacing === 'delayed' ? scaled(steps, speed) : steps;
    return { node, own, takes: own / speed, base: run.base, at: own / speed };
  });
  while (!run.isOver) {
    const next = nodes.reduce((first, other) => (other.at < first.at ? other : first));
    const delta = await train(next.node, next.base, next.own);
    run.commit(await arrive(run.state, Float64Array.from(delta), run.commits + 1), next.at);
    next.base = run.base;
    next.at += next.takes;
  }
}

/** Steps in proportion to the speed, and one at least. */
const scaled = (steps: number, speed: number) => Math.max(1, Math.floor((steps * speed) / fastest));

const sizesOf = ({ tensors, length }: ParameterLayout) =>
  tensorSizes(
    tensors.map(({ offset }) => offset),
    length,
    1,
  );

/** `tensors`: their sizes. */
function arrivalOf(pacing: PacedCase['pacing'], tensors: readonly number[]): Arrival {
  const { step } = nesterov(outer);
  const part = (delta: Float64Array) => delta.map((value) => value / speeds.length);
  switch (pacing) {
    case 'delayed':
      return delayedNesterov({ ...outer, period: speeds.length, correction: null }).step;
    case 'heloco':
      return async (state, delta, arrival) => {
        const [, momentum = new Float32Array()] = state;
        const settings = { ...usualHeLoCo, tensors, mu: outer.momentum };
        return step(state, part(await correctedByMomentum(delta, momentum, settings)), arrival);
      };
    default:
      return (state, delta, arrival) => step(state, part(delta), arrival);
  }
}
