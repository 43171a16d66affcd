import { mean } from '../../../client/mean.ts';
import type { RelayStatus } from '../../../relay/wire/status.ts';

/** The loss of one corpus; `last` is its newest value. */
export interface CorpusLoss {
  readonly corpus: number;
  readonly name: string;
  readonly last: number;
  /** For each round shown; null where no node reported one. */
  readonly values: readonly (number | null)[];
}

export interface LearnPlan {
  readonly rounds: readonly number[];
  /** The bold line: the relay's own measure where the run has a probe, else the mean over the corpora. */
  readonly line: readonly (number | null)[];
  readonly isProbe: boolean;
  /** From the best to the worst corpus of each round. */
  readonly band: readonly ({ readonly low: number; readonly high: number } | null)[];
  /** The best, the middle and the worst corpus, by their newest loss; all of them where that leaves one over at most. */
  readonly named: readonly CorpusLoss[];
  /** All other corpora, best first. */
  readonly others: readonly CorpusLoss[];
  readonly range: readonly [low: number, high: number];
}

/** How a hall sees a run learn: few lines, whatever the number of corpora. Null before two rounds have a loss. */
export function learnPlan({ run, history }: RelayStatus): LearnPlan | null {
  const corpora = run.corpora
    .flatMap((name, corpus): CorpusLoss[] => {
      const values = history.map(({ heldOutLoss }) => heldOutLoss[corpus] ?? null);
      const last = values.findLast((value) => value !== null) ?? null;
      return last === null ? [] : [{ corpus, name, last, values }];
    })
    .sort((one, other) => one.last - other.last);
  const band = history.map(({ heldOutLoss }) => {
    const known = heldOutLoss.filter((value) => value !== null);
    return known.length === 0 ? null : { low: Math.min(...known), high: Math.max(...known) };
  });
  const isProbe = history.some(({ probeLoss }) => probeLoss !== null);
  const line = history.map(({ probeLoss, heldOutLoss }) => {
    if (isProbe) return probeLoss;
    const known = heldOutLoss.filter((value) => value !== null);
    return known.length === 0 ? null : mean(known);
  });
  const shown = line.filter((value) => value !== null);
  if (shown.length < 2) return null;
  const last = corpora.length - 1;
  const places = new Set(last < 4 ? [0, 1, 2, 3] : [0, Math.floor(last / 2), last]);
  const all = [...shown, ...band.flatMap((at) => (at === null ? [] : [at.low, at.high]))];
  const [low, high] = [Math.min(...all), Math.max(...all)];
  return {
    rounds: history.map(({ round }) => round),
    line,
    isProbe,
    band,
    named: corpora.filter((_, at) => places.has(at)),
    others: corpora.filter((_, at) => !places.has(at)),
    range: high > low ? [low, high] : [low, low + 1],
  };
}
