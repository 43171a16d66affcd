import type { Activation, Binding, BufferRange, ProgramBuilder } from '../gpu/program.ts';
import {
  type ForwardEpilogue,
  type LinearBackwardInputShape,
  type LinearShape,
  linearBackwardInput,
  linearBackwardWeight,
  linearForward,
} from './operations/linear.ts';
import { type QuantizedRange, readable } from './quantized/quantized-matrices.ts';
import type { Weight } from './weight.ts';

/** Buffers that a forward pass reads or writes besides the product; `addend` is added before the epilogue. */
export interface Beside {
  readonly addend?: Binding;
  readonly rotation?: Binding;
  readonly activated?: Binding;
}

/** The destination of the input's gradient; `addend` is added before the epilogue. SwiGLU's backward pass reads `projected`. */
export interface InputGradient {
  readonly product: Activation;
  readonly epilogue: LinearBackwardInputShape['epilogue'];
  readonly projected?: Activation;
  readonly addend?: Activation;
}

/** Records the products of a linear layer y = x Wᵀ, forward and backward. A frozen W has no gradient to record. */
export class LinearLayer {
  readonly #program: ProgramBuilder;
  readonly #shape: LinearShape;
  readonly #weight: Weight<BufferRange | QuantizedRange>;

  constructor(program: ProgramBuilder, shape: LinearShape, weight: Weight<BufferRange | QuantizedRange>) {
    this.#program = program;
    this.#shape = shape;
    this.#weight = weight;
  }

  /** Records y (rows, outputs) from x (rows, inputs). */
  forward(left: Activation, product: Binding, epilogue: ForwardEpilogue, beside: Beside = {}): void {
    // Every binding needs a buffer, also those that this epilogue does not use.
    const right = readable(this.#program, this.#weight.values);
    const unused = { addend: left, rotation: left, activated: this.#program.unused() };
    const bindings = { ...unused, ...beside, left, right, product };
    const shape = { ...this.#shape, epilogue, addend: beside.addend !== undefined };
    this.#program.record(linearForward, shape, bindings);
  }

  /** Records the weight's gradient if it is trained (`accumulate` adds to the existing one), and the input's if asked for. */
  backward(
    input: Activation,
    outputGradient: Activation,
    accumulate: boolean,
    inputGradient?: InputGradient,
  ): void {
    const { values, gradient: weightGradient } = this.#weight;
    const left = outputGradient;
    if (weightGradient !== undefined)
      this.#program.record(
        linearBackwardWeight,
        { ...this.#shape, accumulate },
        { left, right: input, weightGradient },
      );
    if (inputGradient === undefined) return;
    const { product, epilogue, projected = left, addend } = inputGradient;
    const right = readable(this.#program, values);
    this.#program.record(
      linearBackwardInput,
      { ...this.#shape, epilogue, addend: addend !== undefined },
      { left, right, addend: addend ?? left, projected, product },
    );
  }
}
