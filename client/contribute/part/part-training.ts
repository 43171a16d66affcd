import type { PartName } from '../../../relay/wire/fragments.ts';
import { type Device, isTooSmall, openDevice } from '../../gpu/device.ts';
import type { KernelRecord } from '../../gpu/tuning/kernel-record.ts';
import type { Runtime } from '../../runtime.ts';
import { predictedBytes } from '../memory.ts';
import { LocalTraining } from '../round/local-training.ts';
import type { TrainingOptions } from '../round/trained-round.ts';
import type { RunTerms } from '../run-terms.ts';
import type { GrantedPart } from '../session/part.ts';
import { grantedPart } from './granted.ts';

/** What a node trained before, and with which kernels. */
export interface TrainedBefore {
  readonly part: PartName;
  readonly kernels?: KernelRecord;
}

/** The training of a run's model on a node: of the whole model, or of the upper layers where the run grants them. */
export class PartTraining {
  readonly training: LocalTraining;
  readonly #terms: RunTerms;
  readonly #wholeBytes: number | null;
  /** False once the device was found to lack the memory to train the whole model. */
  #fitsWhole: boolean;

  private constructor(
    training: LocalTraining,
    terms: RunTerms,
    wholeBytes: number | null,
    fitsWhole: boolean,
  ) {
    this.training = training;
    this.#terms = terms;
    this.#wholeBytes = wholeBytes;
    this.#fitsWhole = fitsWhole;
  }

  /**
   * Opens the training of what was trained before. Where the device lacks the memory for the whole model, it is of the upper layers, if the run
   * grants them.
   * @throws TapestryError as `LocalTraining.open`
   */
  static async open(
    runtime: Runtime,
    device: Device,
    terms: RunTerms,
    options: TrainingOptions,
    { part, kernels }: TrainedBefore,
  ): Promise<PartTraining> {
    const wholeBytes = terms.fragments.upper === null ? null : predictedBytes(device, terms, 'whole');
    try {
      const training = await LocalTraining.open(runtime, device, terms, options, part, kernels);
      return new PartTraining(training, terms, wholeBytes, true);
    } catch (error) {
      if (!isTooSmall(error) || part === 'upper' || terms.fragments.upper === null) throw error;
    }
    const again = await openDevice(await runtime.gpu());
    const training = await LocalTraining.open(runtime, again, terms, options, 'upper');
    return new PartTraining(training, terms, wholeBytes, false);
  }

  /** What the run grants, and what of it is trained now; null where it grants no part. */
  get granted(): { readonly granted: GrantedPart; readonly part: PartName } | null {
    const memory = { fitsWhole: this.#fitsWhole, trainingBytes: this.#wholeBytes };
    const granted = grantedPart(this.#terms, memory);
    return granted && { granted, part: this.training.part };
  }

  /** Trains this part from the next round on. Where the device lacks the memory for the whole model, it stays as it is. */
  async take(part: PartName): Promise<void> {
    try {
      await this.training.take(part);
    } catch (error) {
      if (!isTooSmall(error) || part === 'upper') throw error;
      this.#fitsWhole = false;
    }
  }
}
