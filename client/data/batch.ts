/** Marks a row without a target: padding, or text that is only context. */
export const ignoredTarget = 0xffff_ffff;

/** One batch: row-major (batch, sequence) token ids; `targets[i]` is the token after `inputs[i]`. */
export interface Batch {
  readonly inputs: Uint32Array<ArrayBuffer>;
  readonly targets: Uint32Array<ArrayBuffer>;
  /**
   * Factor of each row's loss in the loss that a step minimizes, which is their weighted sum. Masks, weights of sequences
   * and advantages of tokens use it. 0 ignores the row; a negative weight makes the step raise the row's loss. Without
   * weights, the loss is the mean over all rows that have a target.
   */
  readonly weights?: Float32Array<ArrayBuffer>;
  /**
   * For each row the position, counted from 0 in its sequence, at which its document begins. A row attends to no other document.
   * Without documents, each sequence is one. Positions do not begin again at 0 in each document: rotary embeddings (Su et al. 2021,
   * arXiv 2104.09864) make attention depend on their differences only.
   */
  readonly documents?: Uint32Array<ArrayBuffer>;
  /**
   * A loss that depends on several rows at once, such as a preference between two sequences. Its kernels multiply the weights
   * of its rows; the weights of other rows stay.
   */
  readonly objective?: BatchObjective;
}

/** The loss of a step in nats, and what a run is watched by. */
export interface LossReport {
  readonly loss: number;
  readonly metrics: Readonly<Record<string, number>>;
}

/** An objective's view of one batch. A step may compute its batch in equal `parts`, of which an objective sees one at a time. */
export interface BatchObjective {
  /** Name of the kernels that compute it; the trainer must have been created with these. */
  readonly kernels: string;
  /** What the kernels read for each part. Throws TapestryError `batch.objective` if sequences that belong together are parted. */
  values(parts: number): readonly Uint32Array<ArrayBuffer>[];
  /** The loss of the whole batch, from the log-probability of each row's target in nats (0 without a target); in float64. */
  report(logProbabilities: ArrayLike<number>, parts: number): LossReport;
}

/** `batch` is the number of sequences in a batch, `sequence` the number of tokens in each. */
export interface BatchShape {
  readonly batch: number;
  readonly sequence: number;
}

/** Weights that combine row losses into one loss: the sum of weight times loss, divided by `divisor`. */
export interface RowWeights {
  /** One weight per row; 0 if the row has no target. */
  readonly weights: Float32Array<ArrayBuffer>;
  readonly divisor: number;
}

/** The weights of the batch; without them, weights of 1 and the number of targets as divisor, which gives the mean. */
export function rowWeights({ targets, weights }: Batch): RowWeights {
  const own = new Float32Array(targets.length);
  let counted = 0;
  targets.forEach((target, row) => {
    if (target === ignoredTarget) return;
    own[row] = weights === undefined ? 1 : (weights[row] ?? 0);
    counted++;
  });
  return { weights: own, divisor: weights === undefined ? Math.max(1, counted) : 1 };
}

/** Combines row losses (nats) into one loss, summed in float64 from the first row to the last. */
export function weightedLoss(losses: ArrayLike<number>, { weights, divisor }: RowWeights): number {
  return (
    weights.reduce((sum, weight, row) => (weight === 0 ? sum : sum + weight * (losses[row] ?? 0)), 0) /
    divisor
  );
}
