import type { Batch, BatchShape } from '../../../data/batch.ts';
import { type Example, type ExampleBatch, type ExamplePlace, targetsOf } from '../../../data/example.ts';
import type { Objective } from '../../../train/objective.ts';
import type { Trainer } from '../../../train/trainer.ts';
import type { Turns } from '../../data/row.ts';
import { logProbabilitiesOf, sumOfLogProbabilities } from '../../log-probabilities.ts';
import type { PlacedAnswer } from '../../objectives/kernels/preference.ts';
import type { Answer } from '../../objectives/preference.ts';
import type { ValueName } from '../measurement.ts';

/**
 * An example of a stage. `desirable` and `margin` are set where the loss depends on them, `prompt` where completions of it are
 * sampled, and `answer` if its row has one.
 */
export interface StageExample extends Example {
  readonly desirable?: boolean;
  readonly margin?: number;
  readonly prompt?: Turns;
  readonly answer?: string;
}

/** A loss over groups of two examples, which share a batch: the first and the second of each group. */
export interface GroupLoss {
  readonly objective: Objective;
  /** True if it compares with the log-probabilities of the weights that the stage begins with. */
  readonly hasReference: boolean;
  /** The batch with the loss over its groups. `references` has a log-probability for each of all `examples`. */
  batch(batch: ExampleBatch, examples: readonly StageExample[], references: Float32Array): Batch;
  /**
   * Measures the trainer's model on examples; see `valueNames`. `references` has a log-probability for each of them, if the loss has
   * references, and `shape` is the trainer's.
   */
  measure(
    trainer: Trainer,
    examples: readonly StageExample[],
    references: Float32Array,
    shape: BatchShape,
  ): Promise<Partial<Record<ValueName, number>>>;
}

/** Two of a kind that belong together. */
export type Two<Value> = readonly [Value, Value];

/** Values in groups of two, in their order. */
export function groupsOf<Value>(values: readonly Value[]): Two<Value>[] {
  return Array.from({ length: Math.floor(values.length / 2) }, (_, group) => {
    const [first, second] = values.slice(2 * group, 2 * group + 2);
    if (first === undefined || second === undefined) throw new RangeError('a group has two');
    return [first, second];
  });
}

export function placedAnswer(place: ExamplePlace, references: Float32Array): PlacedAnswer {
  return { place, reference: references[place.example] ?? 0 };
}

/** The examples' answers by the trainer's model. Sums are f32, as references are; `references` may be empty. */
export async function answersOf(
  trainer: Trainer,
  examples: readonly Example[],
  references: Float32Array,
  shape: BatchShape,
): Promise<Answer[]> {
  const own = await logProbabilitiesOf(trainer, examples, shape);
  return examples.map((example, index) => ({
    logProbability: Math.fround(sumOfLogProbabilities(own[index] ?? [])),
    tokens: targetsOf(example),
    reference: references[index] ?? 0,
  }));
}
