import type { Activation, Binding, ProgramBuilder } from '../../gpu/program.ts';
import type { Beside } from '../linear-layer.ts';
import type { ForwardEpilogue, LinearShape } from '../operations/linear.ts';
import type { Magnitude } from '../weight.ts';
import { magnitudeBackwardInput, magnitudeForward, magnitudeGradient } from './operations/magnitude.ts';

/** Records the scaling of a linear layer's columns by DoRA's factors, forward and backward. */
export class MagnitudeLayer {
  readonly #program: ProgramBuilder;
  readonly #shape: Pick<LinearShape, 'rows' | 'outputs'>;
  readonly #magnitude: Magnitude;

  constructor(program: ProgramBuilder, { rows, outputs }: LinearShape, magnitude: Magnitude) {
    this.#program = program;
    this.#shape = { rows, outputs };
    this.#magnitude = magnitude;
  }

  /** Records the epilogue of the scaled columns, from (rows, outputs). */
  forward(left: Activation, product: Binding, epilogue: ForwardEpilogue, beside: Beside): void {
    const { factors } = this.#magnitude;
    const unused = { addend: left, rotation: left, activated: this.#program.unused() };
    const shape = { ...this.#shape, epilogue, addend: beside.addend !== undefined };
    this.#program.record(magnitudeForward, shape, { ...unused, ...beside, left, factors, product });
  }

  /** Records the gradient of the magnitudes that are trained, and returns that of the columns before scaling. */
  backward(left: Activation, outputGradient: Activation, accumulate: boolean): Activation {
    const { factors, inverses, parts } = this.#magnitude;
    for (const { first, count, gradient } of parts)
      if (gradient !== undefined)
        this.#program.record(
          magnitudeGradient,
          { ...this.#shape, first, count, accumulate },
          { left: outputGradient, right: left, inverses, magnitudeGradient: gradient },
        );
    const product = this.#program.stored(this.#shape.rows * this.#shape.outputs);
    const unused = { addend: outputGradient, projected: outputGradient };
    this.#program.record(magnitudeBackwardInput, this.#shape, {
      ...unused,
      left: outputGradient,
      factors,
      product,
    });
    return product;
  }
}
