import { TapestryError } from '../../../client/errors.ts';
import { lossOf, lossText } from '../../journal/entry.ts';
import type { WholeManifest } from '../../wire/frames.ts';
import type { Hash } from '../../wire/hex.ts';

/**
 * The mean loss of a base on the manifest's probe (tokens as little-endian u32), in nats a token. Not finite for a base that
 * cannot compute. Same base, same probe: same loss. A relay knows no model, so its operator's program passes one.
 */
export type Evaluate = (
  manifest: WholeManifest,
  base: Float32Array<ArrayBuffer>,
  probe: Uint8Array<ArrayBuffer>,
) => Promise<number>;

/** Reads a base. The evaluator may take it over. */
type ReadVector = () => Promise<Float32Array<ArrayBuffer>>;

/** The run's own measurement of a base. */
export interface Judgement {
  /** As the journal has it. */
  readonly loss: string;
  readonly isAllowed: boolean;
}

/** Losses are recorded up to this: the wire carries none that is greater. */
const greatestLoss = 1000;

/**
 * The held-out check that contributors do not make: a base is not published if its loss is more than the manifest's
 * `max_increase` above the lowest loss of the newest `rounds` bases before it. Measured from the lowest, so that many small
 * steps in the wrong direction are not allowed either.
 */
export class Guard {
  readonly #maxIncrease: number;
  readonly #measure: (base: Float32Array<ArrayBuffer>) => Promise<number>;
  /** The loss of the base that was measured last, so that a retry measures nothing again. */
  #measured: { readonly base: Hash; readonly loss: string } | null = null;
  /** The loss of the initial base, which the journal does not have. */
  #initial: string | null = null;

  /** `measure` gives the mean loss of a base, which it may take over, on the probe. */
  constructor(maxIncrease: number, measure: (base: Float32Array<ArrayBuffer>) => Promise<number>) {
    this.#maxIncrease = maxIncrease;
    this.#measure = measure;
  }

  /** The guard that a manifest chooses; null for none. Throws `run.no-evaluator` if it needs one and there is none. */
  static of(
    manifest: WholeManifest,
    probe: Uint8Array<ArrayBuffer> | null,
    evaluate?: Evaluate,
  ): Guard | null {
    const { guard } = manifest;
    if (guard.case === 'unguarded' || probe === null) return null;
    if (evaluate === undefined)
      throw new TapestryError(
        'run.no-evaluator',
        'The run checks each base on held-out text, and this relay was started without an evaluator.',
        'Start it with `tapestry relay`, or pass RelayOptions.evaluate.',
      );
    return new Guard(guard.value.maxIncrease, (base) => evaluate(manifest, base, probe));
  }

  /** Judges the next base. `lowestLoss` is that of the committed bases that count; `current` reads the base that the round was opened on. Rejects with what the evaluator throws. */
  async judge(
    before: { readonly lowestLoss: number | null },
    current: ReadVector,
    next: { readonly hash: Hash; readonly parameters: ReadVector },
  ): Promise<Judgement> {
    const lowest = before.lowestLoss ?? lossOf(await this.#initialLoss(current));
    if (this.#measured?.base !== next.hash)
      this.#measured = { base: next.hash, loss: await this.lossOf(next.parameters) };
    const { loss } = this.#measured;
    return { loss, isAllowed: isAllowed(lossOf(loss), lowest, this.#maxIncrease) };
  }

  /** The loss of any base on the probe, as the journal has it. Rejects with what the evaluator throws. */
  async lossOf(base: ReadVector): Promise<string> {
    return measuredLoss(await this.#measure(await base()));
  }

  async #initialLoss(current: ReadVector): Promise<string> {
    this.#initial ??= await this.lossOf(current);
    return this.#initial;
  }
}

/** A loss that was measured, as the journal has it: one that is not finite counts as the greatest. */
export function measuredLoss(loss: number): string {
  return lossText(Math.fround(Number.isFinite(loss) ? Math.min(loss, greatestLoss) : greatestLoss));
}

/** The rule of the guard, on losses as the journal has them. */
export function isAllowed(loss: number, lowest: number, maxIncrease: number): boolean {
  return loss <= lowest + maxIncrease && loss < greatestLoss;
}
