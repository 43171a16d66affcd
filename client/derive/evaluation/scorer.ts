import { type BatchShape, ignoredTarget } from '../../data/batch.ts';
import { type Example, rowsOf } from '../../data/example.ts';
import { heldOutBatches } from '../../data/sampler.ts';
import type { Tokens } from '../../data/tokens.ts';
import type { Device } from '../../gpu/device.ts';
import type { Chooser } from '../../gpu/program.ts';
import type { Model } from '../../model/files/read-model.ts';
import { ForwardPass } from '../../train/forward-pass.ts';
import { logProbabilitiesOf, sumOfLogProbabilities } from '../log-probabilities.ts';
import type { Item } from './intervals.ts';

/** Windows at a time: enough to fill a GPU, little for a CPU. */
const windowsAtOnce = 8;

/** Examples between two calls of `onProgress`. */
const examplesAtOnce = 256;

/** A model on a device that says how likely it holds text to be. */
export class Scorer {
  readonly shape: BatchShape;
  readonly #pass: ForwardPass;

  private constructor(pass: ForwardPass) {
    this.shape = pass.shape;
    this.#pass = pass;
  }

  /** Throws the errors of `ForwardPass.create`. */
  static async open(device: Device, { config, parameters }: Model, chooser: Chooser): Promise<Scorer> {
    const shape = { batch: windowsAtOnce, sequence: config.contextLength };
    return new Scorer(await ForwardPass.create(device, config, shape, parameters, chooser));
  }

  /** True if the example fits the context. */
  fits(example: Example): boolean {
    return rowsOf(example) <= this.shape.sequence;
  }

  /** For each example the sum of the log-probabilities of its targets, in nats. They must fit. */
  async scores(
    examples: readonly Example[],
    onProgress: (done: number, all: number) => void = () => undefined,
  ): Promise<number[]> {
    const scores: number[] = [];
    for (let first = 0; first < examples.length; first += examplesAtOnce) {
      const part = examples.slice(first, first + examplesAtOnce);
      const rows = await logProbabilitiesOf(this.#pass, part, this.shape);
      scores.push(...rows.map(sumOfLogProbabilities));
      onProgress(scores.length, examples.length);
    }
    return scores;
  }

  /** The mean loss of each window of a text in nats a token, weighted by its targets; at most `maxBatches` batches of windows. */
  async windowLosses(tokens: Tokens, maxBatches: number): Promise<Item[]> {
    const { sequence, batch } = this.shape;
    const items: Item[] = [];
    for (const windows of heldOutBatches(tokens, this.shape, maxBatches)) {
      const rows = await this.#pass.logProbabilities(windows);
      for (let window = 0; window < batch; window++) {
        const [first, end] = [window * sequence, (window + 1) * sequence];
        const targets = windows.targets.subarray(first, end).filter((target) => target !== ignoredTarget);
        const weight = targets.length;
        const sum = sumOfLogProbabilities(rows.subarray(first, end));
        if (weight > 0) items.push({ value: -sum / weight, weight });
      }
    }
    return items;
  }

  close(): void {
    this.#pass.close();
  }
}
