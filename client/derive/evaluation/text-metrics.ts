import type { TokenizedCorpus } from '../../data/corpus.ts';
import { targetsOf } from '../../data/example.ts';
import type { ModelTokenizer } from '../../data/tokenizer.ts';
import { answerOf } from '../build/examples.ts';
import type { Row } from '../data/row.ts';
import type { Metric } from './metric.ts';
import type { Scorer } from './scorer.ts';

/** The loss on a corpus's held-out part, by windows. */
export async function lossMetric(
  scorer: Scorer,
  { name, heldOut }: TokenizedCorpus,
  maxBatches: number,
): Promise<Metric> {
  const items = await scorer.windowLosses(heldOut, maxBatches);
  return { name: 'loss', on: name, kind: 'mean', unit: 'nats a token', items };
}

/**
 * Of pairs the share whose chosen answer the model holds to be likelier, as a whole and by the mean of its tokens. Null if no pair fits
 * the context. `leftOut` counts the rows that are no pair or do not fit.
 */
export async function pairMetrics(
  scorer: Scorer,
  tokenizer: ModelTokenizer,
  rows: readonly Row[],
  on: string,
): Promise<{ readonly metrics: readonly Metric[]; readonly leftOut: number }> {
  const pairs = rows.flatMap((row) => {
    if (row.form !== 'preference') return [];
    const chosen = answerOf(row.prompt, row.chosen, tokenizer);
    const rejected = answerOf(row.prompt, row.rejected, tokenizer);
    return chosen && rejected && scorer.fits(chosen) && scorer.fits(rejected) ? [[chosen, rejected]] : [];
  });
  const examples = pairs.flat();
  const scores = await scorer.scores(examples);
  const share = (name: string, of: (index: number) => number): Metric => ({
    ...{ name, on, kind: 'share', unit: 'share of pairs' },
    items: pairs.map((_, pair) => ({ value: of(2 * pair) > of(2 * pair + 1) ? 1 : 0, weight: 1 })),
  });
  const score = (index: number) => scores[index] ?? Number.NaN;
  const mean = (index: number) => {
    const example = examples[index];
    return score(index) / (example === undefined ? Number.NaN : targetsOf(example));
  };
  const metrics = [share('preference accuracy', score), share('preference accuracy by token', mean)];
  return { metrics: pairs.length > 0 ? metrics : [], leftOut: rows.length - pairs.length };
}
