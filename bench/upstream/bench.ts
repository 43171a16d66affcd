import { mean } from '../../client/mean.ts';
import { readText } from '../shakespeare.ts';
import { type Measured, Nations, type Setting, type Way } from './nations.ts';

export interface UpstreamBenchOptions extends Omit<Setting, 'text' | 'link' | 'seed'> {
  /** See `Setting.link`. */
  readonly links: readonly number[];
  /** Rounds after which nations that mix send their work up, and the weights of the upstream base. */
  readonly every: readonly number[];
  readonly weights: readonly number[];
  readonly seeds: number;
}

/** A way and its figures, each the mean over the seeds. */
interface Row extends Way {
  readonly link: number;
  /** Upstream bases, and local steps of all nodes. */
  readonly commits: number;
  readonly trained: number;
  /** The loss of the last upstream base. */
  readonly loss: number;
  /** When it was as low as the last one of nations that wait; null if it never was in some seed. */
  readonly reached: number | null;
}

/** Upstream bases of which the loss is the mean: one alone is noisy. */
const smoothed = 3;

/**
 * Relays below an upstream relay that wait for each of its bases, and relays that mix them in, with as much time. Yields a row for each
 * way: the loss at the end, and when it reached the loss at which those that wait end.
 */
export async function* upstreamBench(options: UpstreamBenchOptions): AsyncGenerator<object> {
  const { links, every, weights, seeds, ...setting } = options;
  const text = await readText();
  const mixing = every.flatMap((rounds) => weights.map((weight) => ({ every: rounds, weight })));
  const ways: Way[] = [
    { upstream: 'rounds', mixing: null },
    ...(['rounds', 'arrivals'] as const).flatMap((upstream) =>
      mixing.map((each) => ({ upstream, mixing: each })),
    ),
  ];
  const rows: Row[] = [];
  for (const link of links) {
    const targets: number[] = [];
    for (const way of ways) {
      const runs = [];
      for (let seed = 1; seed <= seeds; seed++) {
        const nations = new Nations({ ...setting, text, link, seed }, way);
        const measured: Measured[] = [];
        for await (const one of nations.run()) measured.push(one);
        const losses = measured.map(({ at }, i) => {
          const newest = measured.slice(Math.max(0, i + 1 - smoothed), i + 1);
          return { at, loss: mean(newest.map(({ loss }) => loss)) };
        });
        const loss = losses.at(-1)?.loss ?? Number.POSITIVE_INFINITY;
        targets[seed - 1] ??= loss;
        const target = targets[seed - 1] ?? loss;
        const reached = losses.find((one) => one.loss <= target)?.at ?? null;
        runs.push({ loss, reached, commits: losses.length, trained: nations.trained });
      }
      const times = runs.flatMap(({ reached }) => (reached === null ? [] : [reached]));
      const row: Row = {
        ...{ link, ...way },
        commits: mean(runs.map(({ commits }) => commits)),
        trained: mean(runs.map(({ trained }) => trained)),
        loss: mean(runs.map(({ loss }) => loss)),
        reached: times.length === seeds ? mean(times) : null,
      };
      rows.push(row);
      yield { event: 'way', ...row };
    }
  }
  yield { bench: 'upstream', ...options, rows };
}
