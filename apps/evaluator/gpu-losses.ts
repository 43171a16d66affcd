import { modelConfigOf } from '../../client/contribute/run-model.ts';
import { type Batch, type BatchShape, ignoredTarget } from '../../client/data/batch.ts';
import { type Device, openDevice } from '../../client/gpu/device.ts';
import type { Chooser } from '../../client/gpu/program.ts';
import type { ModelConfig } from '../../client/model/config.ts';
import { ForwardPass } from '../../client/train/forward-pass.ts';
import type { Evaluate } from '../../relay/run/guard/guard.ts';
import { tokensOfProbe } from '../../relay/run/guard/probe-bytes.ts';

/** Windows at a time: enough to fill a GPU, little for a CPU. */
const windowsAtOnce = 4;

/** Measures bases on a GPU, one after another, with kernels that are compiled once. */
export class GpuLosses {
  readonly #device: Device;
  readonly #kernels: Chooser;
  #opened: { readonly model: string; readonly pass: ForwardPass } | null = null;

  private constructor(device: Device, kernels: Chooser) {
    this.#device = device;
    this.#kernels = kernels;
  }

  /** `kernelsOf` chooses the kernels of an adapter. Throws `device.*` where there is none. */
  static async open(gpu: GPU, kernelsOf: (device: Device) => Chooser): Promise<GpuLosses> {
    const device = await openDevice(gpu);
    return new GpuLosses(device, kernelsOf(device));
  }

  /** See `Evaluate`: the same windows as the relay's own, so that only the rounding of the adapter differs. */
  readonly evaluate: Evaluate = async (manifest, base, probe) => {
    const config = modelConfigOf(manifest.model);
    const tokens = tokensOfProbe(probe);
    const pass = await this.#passOf(config, base);
    let loss = 0;
    for (const batch of probeBatches(tokens, pass.shape)) {
      const rows = await pass.logProbabilities(batch);
      loss -= rows.reduce((sum, one, row) => sum + (batch.targets[row] === ignoredTarget ? 0 : one), 0);
    }
    return loss / (tokens.length - 1);
  };

  close(): void {
    this.#opened?.pass.close();
    this.#device.close();
  }

  async #passOf(config: ModelConfig, base: Float32Array<ArrayBuffer>): Promise<ForwardPass> {
    const model = JSON.stringify(config);
    if (this.#opened?.model === model) {
      this.#opened.pass.write(base);
      return this.#opened.pass;
    }
    this.#opened?.pass.close();
    const shape = { batch: windowsAtOnce, sequence: config.contextLength };
    const pass = await ForwardPass.create(this.#device, config, shape, base, this.#kernels);
    this.#opened = { model, pass };
    return pass;
  }
}

/** Windows of a whole context, one after another; each token but the first is a target once. */
export function* probeBatches(tokens: Uint32Array, { batch, sequence }: BatchShape): Generator<Batch> {
  const rows = batch * sequence;
  for (let start = 0; start + 1 < tokens.length; start += rows) {
    const inputs = new Uint32Array(rows);
    const targets = new Uint32Array(rows).fill(ignoredTarget);
    const count = Math.min(rows, tokens.length - 1 - start);
    inputs.set(tokens.subarray(start, start + count));
    targets.set(tokens.subarray(start + 1, start + 1 + count));
    yield { inputs, targets };
  }
}
