import type { PartName, UpperPart } from '../../../relay/wire/fragments.ts';
import type { Trainer, TrainerOptions } from '../../train/trainer.ts';
import { freshOptimizer, type OptimizerState } from '../../train/training.ts';
import type { RunTerms } from '../run-terms.ts';

type Vector = Float32Array<ArrayBuffer>;

/** What of a run decides the values that a node trains. */
export type PartTerms = Pick<RunTerms, 'fragments' | 'layout' | 'trainer'>;

/** The values of a model that a node trains, which are the end of the flat vector, and the frozen ones before them. */
export class TrainedValues {
  readonly part: PartName;
  readonly #upper: UpperPart | null;
  readonly #terms: PartTerms;

  /** Throws RangeError for a part that the run does not grant. */
  constructor(terms: PartTerms, part: PartName) {
    const { upper } = terms.fragments;
    if (part === 'upper' && upper === null) throw new RangeError('the run grants no part');
    this.part = part;
    this.#terms = terms;
    this.#upper = part === 'upper' ? upper : null;
  }

  /** Where they begin in the flat vector. */
  get from(): number {
    return this.#upper?.from ?? 0;
  }

  /** The options of a trainer of these values. */
  get trainer(): Omit<TrainerOptions, 'choices'> {
    const { trainer } = this.#terms;
    const { from } = this;
    return this.#upper === null ? trainer : { ...trainer, trained: ({ offset }) => offset >= from };
  }

  /** Those of a vector over the whole model. They may share its memory. */
  of(whole: Vector): Vector {
    return this.#upper?.of(whole) ?? whole;
  }

  /** The frozen values of a vector over the whole model, whose memory they share; undefined where none are frozen. */
  frozenOf(whole: Vector): Vector | undefined {
    return this.#upper === null ? undefined : whole.subarray(0, this.from);
  }

  /** A vector like `whole` with these values in their places. */
  into(whole: Vector, values: Vector): Vector {
    return this.#upper?.into(whole, values) ?? values;
  }

  /** Gives a trainer the parameters of the whole model. */
  write(trainer: Trainer, whole: Vector): void {
    const frozen = this.frozenOf(whole);
    if (frozen !== undefined) trainer.setFrozen(frozen);
    trainer.setParameters(this.of(whole));
  }

  /** The state of an optimizer of them before its first step. */
  fresh(): OptimizerState {
    return freshOptimizer(this.#terms.layout.length - this.from);
  }

  /** What of the state of the whole model's optimizer is theirs, in memory of its own. */
  stateOf(state: OptimizerState): OptimizerState {
    const { firstMoment, secondMoment } = state;
    const moments = { firstMoment: this.of(firstMoment), secondMoment: this.of(secondMoment) };
    return {
      ...state,
      firstMoment: moments.firstMoment.slice(),
      secondMoment: moments.secondMoment.slice(),
    };
  }
}
