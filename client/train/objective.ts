import type { BatchShape } from '../data/batch.ts';
import type { Binding, BufferRange, ProgramBuilder } from '../gpu/program.ts';

/** The buffers of an objective's kernels, for one part of a batch. R = rows. */
export interface ObjectiveBindings {
  /** (R): the loss of each row, which is the negative log-probability of its target; 0 without a target. */
  readonly losses: Binding;
  /**
   * (R): the factor of each row's loss in the loss of the step, as the batch gave it. Kernels multiply it by the negative
   * derivative of their loss by the row's log-probability.
   */
  readonly weights: Binding;
  /** What the batch gave (see `BatchObjective.values`); all zero if it has no objective, which must leave the weights as they are. */
  readonly values: BufferRange;
}

/**
 * Kernels that turn the losses of rows into weights of rows, between the forward and the backward half of a step. They know
 * rows only, not the model.
 */
export interface Objective {
  readonly name: string;
  /** The size of `ObjectiveBindings.values` in words. */
  words(shape: BatchShape): number;
  record(program: ProgramBuilder, shape: BatchShape, bindings: ObjectiveBindings): void;
}
