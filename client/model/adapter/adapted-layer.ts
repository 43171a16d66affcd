import type { Activation, Binding, ProgramBuilder } from '../../gpu/program.ts';
import { type Beside, type InputGradient, LinearLayer } from '../linear-layer.ts';
import type { ForwardEpilogue, LinearShape } from '../operations/linear.ts';
import type { LowRank, Matrix } from '../weight.ts';
import { MagnitudeLayer } from './magnitude-layer.ts';
import { dropout } from './operations/dropout.ts';

/** What a layer's adapter saves for the forward product and for the backward pass. */
export interface AdapterRecord {
  readonly reduced: Activation; // (rows, rank): x Aᵀ
  /** With magnitudes, (rows, outputs): x (W + B A)ᵀ before its columns are scaled. */
  readonly unscaled: Activation | undefined;
}

/**
 * Records a linear layer and, if its matrix has an adapter, y = x (W + B A)ᵀ, with DoRA's magnitudes y = x (m (W + B A))ᵀ. The
 * epilogue sees the sum of all.
 */
export class AdaptedLayer {
  readonly #program: ProgramBuilder;
  readonly #shape: LinearShape;
  readonly #linear: LinearLayer;
  readonly #adapter: LowRank | undefined;
  readonly #magnitude: MagnitudeLayer | undefined;

  constructor(program: ProgramBuilder, shape: LinearShape, matrix: Matrix) {
    this.#program = program;
    this.#shape = shape;
    this.#linear = new LinearLayer(program, shape, matrix);
    this.#adapter = matrix.adapter;
    const magnitude = matrix.adapter?.magnitude;
    this.#magnitude = magnitude && new MagnitudeLayer(program, shape, magnitude);
  }

  /** Records what `forward` and `backward` need of the adapter; undefined without one. */
  adapt(input: Activation): AdapterRecord | undefined {
    if (this.#adapter === undefined) return undefined;
    const { rows, outputs } = this.#shape;
    const reduced = this.#program.stored(rows * this.#adapter.rank);
    this.#a(this.#adapter).forward(this.#dropped(input), reduced, { kind: 'plain' });
    if (this.#magnitude === undefined) return { reduced, unscaled: undefined };
    const unscaled = this.#program.stored(rows * outputs);
    const addend = this.#expand(this.#adapter, reduced);
    this.#linear.forward(input, unscaled, { kind: 'plain' }, { addend });
    return { reduced, unscaled };
  }

  /** Records y (rows, outputs) from x (rows, inputs). `beside.addend` is added before the epilogue. */
  forward(
    left: Activation,
    product: Binding,
    epilogue: ForwardEpilogue,
    beside: Beside = {},
    record?: AdapterRecord,
  ): void {
    if (this.#adapter === undefined || record === undefined)
      this.#linear.forward(left, product, epilogue, beside);
    else if (this.#magnitude !== undefined && record.unscaled !== undefined)
      this.#magnitude.forward(record.unscaled, product, epilogue, beside);
    else {
      const addend = this.#expand(this.#adapter, record.reduced, beside.addend);
      this.#linear.forward(left, product, epilogue, { ...beside, addend });
    }
  }

  /**
   * Records the gradients of W, A, B and magnitudes that are trained (`accumulate` adds to the existing ones), and the input's if
   * asked for.
   */
  backward(
    input: Activation,
    outputGradient: Activation,
    accumulate: boolean,
    inputGradient?: InputGradient,
    record?: AdapterRecord,
  ): void {
    if (this.#adapter === undefined || record === undefined) {
      this.#linear.backward(input, outputGradient, accumulate, inputGradient);
      return;
    }
    const { reduced, unscaled } = record;
    const sumGradient =
      this.#magnitude !== undefined && unscaled !== undefined
        ? this.#magnitude.backward(unscaled, outputGradient, accumulate)
        : outputGradient;
    const { rows, inputs } = this.#shape;
    const plain = (elements: number) =>
      ({ product: this.#program.stored(elements), epilogue: 'plain' }) as const;
    const reducedGradient = plain(rows * this.#adapter.rank);
    this.#b(this.#adapter).backward(reduced, sumGradient, accumulate, reducedGradient);
    const own = inputGradient && plain(rows * inputs);
    this.#a(this.#adapter).backward(this.#dropped(input), reducedGradient.product, accumulate, own);
    const wanted = inputGradient && own && { ...inputGradient, addend: this.#dropped(own.product) };
    this.#linear.backward(input, sumGradient, accumulate, wanted);
  }

  /** Records the dropout of (rows, inputs), if there is one. The same elements are dropped each time. */
  #dropped(input: Activation): Activation {
    const settings = this.#adapter?.dropout;
    if (settings === undefined) return input;
    const { draws, rate, stream } = settings;
    const length = this.#shape.rows * this.#shape.inputs;
    const output = this.#program.stored(length);
    this.#program.record(dropout, { length, rate, stream }, { draws, input, output });
    return output;
  }

  /** Records the adapter's output (rows, outputs), and adds `addend` to it. */
  #expand(adapter: LowRank, reduced: Activation, addend?: Binding): Activation {
    const { rows, outputs } = this.#shape;
    const expanded = this.#program.stored(rows * outputs);
    this.#b(adapter).forward(reduced, expanded, { kind: 'plain' }, addend === undefined ? {} : { addend });
    return expanded;
  }

  /** Maps (rows, inputs) to (rows, rank). */
  #a({ rank, a }: LowRank): LinearLayer {
    const { rows, inputs } = this.#shape;
    return new LinearLayer(this.#program, { rows, inputs, outputs: rank }, a);
  }

  /** Maps (rows, rank) to (rows, outputs). */
  #b({ rank, b }: LowRank): LinearLayer {
    const { rows, outputs } = this.#shape;
    return new LinearLayer(this.#program, { rows, inputs: rank, outputs }, b);
  }
}
