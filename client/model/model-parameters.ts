import type { AdapterMemory } from './adapter/adapter-memory.ts';
import type { FrozenParameters } from './frozen-parameters.ts';
import { type RowSpan, rangeOf, rowRange } from './tensor-ranges.ts';
import type { Matrix, TrainedParameters, Weight } from './weight.ts';

/** A model's parameters, of which some are trained and the others frozen, and its adapter. */
export class ModelParameters {
  readonly #trained: TrainedParameters;
  readonly #frozen: FrozenParameters;
  readonly #adapter: AdapterMemory | undefined;
  readonly #names: ReadonlySet<string>;

  constructor(trained: TrainedParameters, frozen: FrozenParameters, adapter?: AdapterMemory) {
    this.#trained = trained;
    this.#frozen = frozen;
    this.#adapter = adapter;
    this.#names = new Set(trained.layout.tensors.map(({ name }) => name));
  }

  /** True if any of these tensors is trained or has an adapter. */
  trains(...names: readonly string[]): boolean {
    return this.#isTrained(...names) || (this.#adapter?.adapts(...names) ?? false);
  }

  #isTrained(...names: readonly string[]): boolean {
    return names.some((name) => this.#names.has(name));
  }

  /** Adjacent matrices, bound as one; `partLayout` keeps them together. */
  matrix(...names: readonly string[]): Matrix {
    const adapter = this.#adapter?.of(names);
    if (!this.#isTrained(...names))
      return { values: this.#frozen.matrix(...names), gradient: undefined, adapter };
    const { layout, weights, gradient } = this.#trained;
    const [values, own] = [rangeOf(layout, weights, ...names), rangeOf(layout, gradient, ...names)];
    return { values, gradient: own, adapter };
  }

  /** Some rows of a matrix. */
  rows(name: string, span: RowSpan): Weight {
    if (!this.#isTrained(name)) return { values: this.#frozen.rows(name, span), gradient: undefined };
    const { layout, weights, gradient } = this.#trained;
    return {
      values: rowRange(layout, weights, name, span),
      gradient: rowRange(layout, gradient, name, span),
    };
  }

  /** The gain of a norm, float32 whichever storage is used. */
  gain(name: string): Weight {
    if (!this.#isTrained(name)) return { values: this.#frozen.gain(name), gradient: undefined };
    const { layout, parameters, gradient } = this.#trained;
    return { values: rangeOf(layout, parameters, name), gradient: rangeOf(layout, gradient, name) };
  }
}
