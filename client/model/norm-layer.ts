import type { Activation, ProgramBuilder } from '../gpu/program.ts';
import {
  type RmsNormShape,
  rmsNormBackward,
  rmsNormBackwardGain,
  rmsNormForward,
} from './operations/rms-norm.ts';
import type { Weight } from './weight.ts';

/** Records an RMS norm, forward and backward. A frozen gain has no gradient to record. */
export class NormLayer {
  readonly #program: ProgramBuilder;
  readonly #shape: RmsNormShape;
  readonly #gain: Weight;

  constructor(program: ProgramBuilder, shape: RmsNormShape, gain: Weight) {
    this.#program = program;
    this.#shape = shape;
    this.#gain = gain;
  }

  /** Records the normalised rows and, for the backward pass, the inverse root mean square of each row. */
  forward(input: Activation, output: Activation, inverse: Activation): void {
    this.#program.record(rmsNormForward, this.#shape, { input, gain: this.#gain.values, output, inverse });
  }

  /**
   * Records the gain's gradient if it is trained (`accumulate` adds to the existing gradient), and the input's if asked for.
   */
  backward(
    saved: { readonly input: Activation; readonly savedInverse: Activation },
    outputGradient: Activation,
    accumulate: boolean,
    inputGradient?: { readonly product: Activation; readonly accumulate: boolean },
  ): void {
    const { values: gain, gradient: gainGradient } = this.#gain;
    const shared = { ...saved, outputGradient };
    if (gainGradient !== undefined)
      this.#program.record(rmsNormBackwardGain, { ...this.#shape, accumulate }, { ...shared, gainGradient });
    if (inputGradient === undefined) return;
    const { product, accumulate: adds } = inputGradient;
    this.#program.record(
      rmsNormBackward,
      { ...this.#shape, accumulate: adds },
      { ...shared, gain, inputGradient: product },
    );
  }
}
