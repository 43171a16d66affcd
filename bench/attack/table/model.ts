import {
  type AdamWSettings,
  type AdamWState,
  referenceAdamW,
} from '../../../client/model/reference/adamw.ts';
import type { Random } from '../../../client/random.ts';

/**
 * A neural language model of characters (Bengio et al. 2003) that trains in microseconds on a CPU: the embeddings of the
 * characters before, a hidden layer with tanh, and a softmax over the next character.
 */

/** The characters before. */
export const context = 3;
const width = 8;
const hidden = 32;

/** Offsets of the tensors in the flat vector. */
export class TinyLayout {
  readonly vocabulary: number;
  readonly hiddenWeight: number;
  readonly hiddenBias: number;
  readonly outWeight: number;
  readonly outBias: number;
  readonly length: number;

  constructor(vocabulary: number) {
    this.vocabulary = vocabulary;
    this.hiddenWeight = vocabulary * width;
    this.hiddenBias = this.hiddenWeight + hidden * context * width;
    this.outWeight = this.hiddenBias + hidden;
    this.outBias = this.outWeight + vocabulary * hidden;
    this.length = this.outBias + vocabulary;
  }

  get tensors(): readonly { readonly offset: number; readonly size: number; readonly decay: boolean }[] {
    const starts = [0, this.hiddenWeight, this.hiddenBias, this.outWeight, this.outBias, this.length];
    return starts
      .slice(0, -1)
      .map((offset, i) => ({ offset, size: (starts[i + 1] ?? 0) - offset, decay: i !== 2 && i !== 4 }));
  }

  /** Random weights, scaled to the width of what they read. */
  initial(random: Random): Float32Array<ArrayBuffer> {
    const values = new Float32Array(this.length);
    const fill = (from: number, to: number, scale: number) => {
      for (let i = from; i < to; i++) values[i] = random.normal() * scale;
    };
    fill(0, this.hiddenWeight, 0.3);
    fill(this.hiddenWeight, this.hiddenBias, 1 / Math.sqrt(context * width));
    fill(this.outWeight, this.outBias, 1 / Math.sqrt(hidden));
    return values;
  }
}

/** Computes losses and gradients; its buffers are used again by each call. */
export class TinyModel {
  readonly #layout: TinyLayout;
  readonly #input = new Float64Array(context * width);
  readonly #inputGradient = new Float64Array(context * width);
  readonly #hidden = new Float64Array(hidden);
  readonly #hiddenGradient = new Float64Array(hidden);
  readonly #scores: Float64Array;

  constructor(layout: TinyLayout) {
    this.#layout = layout;
    this.#scores = new Float64Array(layout.vocabulary);
  }

  /** The mean loss, in nats a character, of predicting the characters at these places, each at least `context`. */
  loss(parameters: Float64Array, text: Uint32Array, places: readonly number[]): number {
    let sum = 0;
    for (const place of places) sum += this.#forward(parameters, text, place);
    return sum / places.length;
  }

  /** Adds the gradient of the mean loss to `gradient`. */
  backward(
    parameters: Float64Array,
    text: Uint32Array,
    places: readonly number[],
    gradient: Float64Array,
  ): void {
    for (const place of places) {
      this.#forward(parameters, text, place);
      this.#backward(parameters, text, place, gradient, 1 / places.length);
    }
  }

  #forward(parameters: Float64Array, text: Uint32Array, place: number): number {
    const { vocabulary, hiddenWeight, hiddenBias, outWeight, outBias } = this.#layout;
    const [input, units, scores] = [this.#input, this.#hidden, this.#scores];
    for (let k = 0; k < context; k++) {
      const from = (text[place - 1 - k] ?? 0) * width;
      for (let i = 0; i < width; i++) input[k * width + i] = parameters[from + i] ?? 0;
    }
    for (let h = 0; h < hidden; h++) {
      let sum = parameters[hiddenBias + h] ?? 0;
      const row = hiddenWeight + h * input.length;
      for (let i = 0; i < input.length; i++) sum += (parameters[row + i] ?? 0) * (input[i] ?? 0);
      units[h] = Math.tanh(sum);
    }
    let greatest = Number.NEGATIVE_INFINITY;
    for (let v = 0; v < vocabulary; v++) {
      let sum = parameters[outBias + v] ?? 0;
      const row = outWeight + v * hidden;
      for (let h = 0; h < hidden; h++) sum += (parameters[row + h] ?? 0) * (units[h] ?? 0);
      scores[v] = sum;
      if (sum > greatest) greatest = sum;
    }
    let total = 0;
    const target = scores[text[place] ?? 0] ?? 0;
    for (let v = 0; v < vocabulary; v++) {
      const power = Math.exp((scores[v] ?? 0) - greatest);
      scores[v] = power;
      total += power;
    }
    for (let v = 0; v < vocabulary; v++) scores[v] = (scores[v] ?? 0) / total;
    return Math.log(total) - (target - greatest);
  }

  /** After `#forward` at the same place: the scores are probabilities. */
  #backward(
    parameters: Float64Array,
    text: Uint32Array,
    place: number,
    gradient: Float64Array,
    scale: number,
  ): void {
    const { vocabulary, hiddenWeight, hiddenBias, outWeight, outBias } = this.#layout;
    const [input, units, scores] = [this.#input, this.#hidden, this.#scores];
    const [inputGradient, unitGradient] = [this.#inputGradient.fill(0), this.#hiddenGradient.fill(0)];
    const target = text[place] ?? 0;
    for (let v = 0; v < vocabulary; v++) {
      const d = ((scores[v] ?? 0) - (v === target ? 1 : 0)) * scale;
      gradient[outBias + v] = (gradient[outBias + v] ?? 0) + d;
      const row = outWeight + v * hidden;
      for (let h = 0; h < hidden; h++) {
        unitGradient[h] = (unitGradient[h] ?? 0) + d * (parameters[row + h] ?? 0);
        gradient[row + h] = (gradient[row + h] ?? 0) + d * (units[h] ?? 0);
      }
    }
    for (let h = 0; h < hidden; h++) {
      const unit = units[h] ?? 0;
      const d = (unitGradient[h] ?? 0) * (1 - unit * unit);
      gradient[hiddenBias + h] = (gradient[hiddenBias + h] ?? 0) + d;
      const row = hiddenWeight + h * input.length;
      for (let i = 0; i < input.length; i++) {
        inputGradient[i] = (inputGradient[i] ?? 0) + d * (parameters[row + i] ?? 0);
        gradient[row + i] = (gradient[row + i] ?? 0) + d * (input[i] ?? 0);
      }
    }
    for (let k = 0; k < context; k++) {
      const from = (text[place - 1 - k] ?? 0) * width;
      for (let i = 0; i < width; i++)
        gradient[from + i] = (gradient[from + i] ?? 0) + (inputGradient[k * width + i] ?? 0);
    }
  }
}

/** AdamW's settings of an inner step. */
const adamw: AdamWSettings = { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.1, gradientClip: 1 };

/** One inner step of AdamW, in place. */
export function tinyStep(
  model: TinyModel,
  layout: TinyLayout,
  state: AdamWState,
  { text, places, learningRate }: { text: Uint32Array; places: readonly number[]; learningRate: number },
): void {
  const gradient = new Float64Array(layout.length);
  model.backward(state.parameters, text, places, gradient);
  referenceAdamW(state, gradient, adamw, learningRate, layout);
}
