import type { AdapterMatrices } from './adapter/adapter-matrices.ts';
import type { FrozenParameters } from './frozen-parameters.ts';
import { type RowSpan, rangeOf, rowRange } from './tensor-ranges.ts';
import type { Matrix, TrainedParameters, Weight } from './weight.ts';

/** The adapter of a model, which is trained (`AdapterMemory`) or only read. */
type ModelAdapter = Pick<AdapterMatrices, 'adapts' | 'of'>;

/** A model's parameters, of which some may be trained and the others frozen, and its adapter. */
export class ModelParameters {
  readonly #trained: TrainedParameters | undefined;
  readonly #frozen: FrozenParameters;
  readonly #adapter: ModelAdapter | undefined;
  readonly #names: ReadonlySet<string>;

  constructor(trained: TrainedParameters | undefined, frozen: FrozenParameters, adapter?: ModelAdapter) {
    this.#trained = trained;
    this.#frozen = frozen;
    this.#adapter = adapter;
    this.#names = new Set(trained?.layout.tensors.map(({ name }) => name));
  }

  /** The vectors of the trained part; undefined if none of the model is trained. */
  get trained(): TrainedParameters | undefined {
    return this.#trained;
  }

  /** True if any of these tensors is trained or has an adapter. */
  trains(...names: readonly string[]): boolean {
    return this.#trainedOf(...names) !== undefined || (this.#adapter?.adapts(...names) ?? false);
  }

  /** The trained vectors if any of these tensors lies in them. */
  #trainedOf(...names: readonly string[]): TrainedParameters | undefined {
    return names.some((name) => this.#names.has(name)) ? this.#trained : undefined;
  }

  /** Adjacent matrices, bound as one; `partLayout` keeps them together. */
  matrix(...names: readonly string[]): Matrix {
    const adapter = this.#adapter?.of(names);
    const trained = this.#trainedOf(...names);
    if (trained === undefined) return { values: this.#frozen.matrix(...names), gradient: undefined, adapter };
    const { layout, weights, gradient } = trained;
    const [values, own] = [rangeOf(layout, weights, ...names), rangeOf(layout, gradient, ...names)];
    return { values, gradient: own, adapter };
  }

  /** Some rows of a matrix. */
  rows(name: string, span: RowSpan): Weight {
    const trained = this.#trainedOf(name);
    if (trained === undefined) return { values: this.#frozen.rows(name, span), gradient: undefined };
    const { layout, weights, gradient } = trained;
    return {
      values: rowRange(layout, weights, name, span),
      gradient: rowRange(layout, gradient, name, span),
    };
  }

  /** The gain of a norm, float32 whichever storage is used. */
  gain(name: string): Weight {
    const trained = this.#trainedOf(name);
    if (trained === undefined) return { values: this.#frozen.gain(name), gradient: undefined };
    const { layout, parameters, gradient } = trained;
    return { values: rangeOf(layout, parameters, name), gradient: rangeOf(layout, gradient, name) };
  }
}
