import { mean } from '../../mean.ts';
import { divergenceOf } from './policy.ts';

/** A row with a target, and the log-probability of this target by a reference; in nats. */
export interface DivergingRow {
  /** The factor of the row's own loss in the whole. */
  readonly weight: number;
  readonly logProbability: number;
  readonly reference: number;
}

/**
 * The weighted loss of rows, each with `beta` times the k3 estimate of the model's divergence from a reference (Schulman 2020,
 * joschu.net/blog/kl-approx.html), and its derivative by each row's log-probability; in float64. The estimate is at the targets of the
 * data, which the model did not sample: it holds the model near the reference there, and is not its divergence elsewhere.
 */
export function divergenceLoss(beta: number, rows: readonly DivergingRow[]) {
  const divergences = rows.map(({ logProbability, reference }) => divergenceOf(reference - logProbability));
  const loss = rows.reduce(
    (sum, { weight, logProbability }, i) =>
      sum + weight * (beta * (divergences[i] ?? Number.NaN) - logProbability),
    0,
  );
  const slopes = rows.map(
    ({ weight, logProbability, reference }) =>
      weight * (beta * (1 - Math.exp(reference - logProbability)) - 1),
  );
  return { loss, slopes, metrics: { divergence: rows.length === 0 ? 0 : mean(divergences) } };
}
