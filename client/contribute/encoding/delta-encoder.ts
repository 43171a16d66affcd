import type { Choice, Codec } from '../../../relay/wire/codec/codec.ts';
import { type Fragments, fragmentOf, type PartName } from '../../../relay/wire/fragments.ts';
import { WireError } from '../../../relay/wire/strict.ts';
import { TapestryError } from '../../errors.ts';
import type { Adapter, Device } from '../../gpu/device.ts';
import type { TrainedParameters } from '../../model/weight.ts';
import { BaseDelta } from '../round/base-delta.ts';
import { encodeDelta } from '../round/error-feedback.ts';
import { DeltaProgram, type ProgramResult, predictDeltaProgram } from './delta-program.ts';

type Vector = Float32Array<ArrayBuffer>;

/** What of a run decides how a node encodes its deltas. */
export interface EncodingTerms {
  readonly codec: Codec;
  readonly fragments: Fragments;
}

/** The vectors that training left on a device; other ones after a device was lost. */
export interface OnDevice {
  readonly device: Device;
  readonly trained: TrainedParameters | undefined;
}

/** The local training of one round: it began at `base` and ended at `local`, which the device still holds. */
export interface LocalChange extends ChangedValues {
  readonly round: number;
  /** What of the model was trained. */
  readonly part: PartName;
}

/** Vectors of the whole model, or of the fragment that is sent. */
interface ChangedValues {
  readonly base: Vector;
  readonly local: Vector;
  /** What the payloads before left out. It may not change afterwards. */
  readonly residual: Vector;
}

/** An encoded delta; its residual is that of the whole model. */
export interface EncodedChange {
  readonly payload: Uint8Array<ArrayBuffer>;
  readonly residual: Vector;
  /** L2 norm of the delta before clipping. */
  readonly norm: number;
}

/**
 * Encodes the deltas of a node: on its graphics card where that can be, else on its processor. Both give the same bytes and the same residual,
 * so that a node may change from one to the other in any round. Only numbers below 2^-126 may differ, which some cards flush to zero.
 *
 * The processor encodes
 * - with a codec that sends every value (dense, statistical, entropy): nothing is chosen, and its payload has nearly all that was read;
 * - a fragment whose values lie apart, and may have the base mixed in;
 * - a delta that is clipped, or whose payload is: the scale is of norms in float64;
 * - where the adapter is the processor itself, which is slower through WGSL (docs/measured.md);
 * - what a relay's own nodes trained, for the relay above it (apps/cli/run/upstream): it is on no card;
 * - where the card lacks the memory, its driver refuses the kernels or is lost, or its numbers were found wrong: `refused` is then called with
 *   the error's code, once for each.
 */
export class DeltaEncoder {
  readonly #terms: EncodingTerms;
  readonly #refused: (code: string) => void;
  /** The codes that `refused` was called with. */
  readonly #codes = new Set<string>();
  /** The program for the newest vectors; null where they have to be encoded by the processor. */
  #made: { readonly of: TrainedParameters; readonly program: DeltaProgram | null } | null = null;

  constructor(terms: EncodingTerms, refused: (code: string) => void) {
    this.#terms = terms;
    this.#refused = refused;
  }

  /**
   * Encodes the change with error feedback; see `encodeDelta`. `codec` is the run's, with the bound of the round.
   * @throws TapestryError `delta.not-finite` and `delta.bound-too-small`
   */
  async encode(change: LocalChange, codec: Codec, onDevice: OnDevice): Promise<EncodedChange> {
    const fragment = fragmentOf(this.#terms.fragments, change.round, change.part);
    const values: ChangedValues = {
      base: fragment.of(change.base),
      local: fragment.of(change.local),
      residual: fragment.of(change.residual),
    };
    const { payload, residual, norm } =
      (await this.#byCard(values, codec, onDevice)) ?? this.#byProcessor(values, codec);
    return { payload, residual: fragment.into(change.residual, residual), norm };
  }

  /** Frees the device's memory. */
  close(): void {
    this.#made?.program?.close();
    this.#made = null;
  }

  #byProcessor({ base, local, residual: before }: ChangedValues, codec: Codec): EncodedChange {
    const delta = BaseDelta.between(base, local, this.#terms.codec.clipNorm);
    return { ...encodeDelta(delta, before, codec), norm: delta.norm };
  }

  /** Null where the processor has to encode. */
  async #byCard(change: ChangedValues, codec: Codec, { device, trained }: OnDevice) {
    const choice = choiceOn(device, this.#terms);
    if (choice === null || trained === undefined) return null;
    try {
      const program = await this.#programFor(device, trained, choice);
      const { clipNorm } = this.#terms.codec;
      const made = (await program?.encode(change.base, change.residual, clipNorm, codec)) ?? null;
      if (made === null || agrees(made, change, codec)) return made;
      this.#tellOnce(wrongNumbers);
    } catch (error) {
      const code = refusalOf(error);
      if (code === null) throw error;
      this.#tellOnce(code);
    }
    this.close();
    this.#made = { of: trained, program: null };
    return null;
  }

  #tellOnce(code: string): void {
    if (!this.#codes.has(code)) this.#refused(code);
    this.#codes.add(code);
  }

  async #programFor(
    device: Device,
    trained: TrainedParameters,
    choice: Choice,
  ): Promise<DeltaProgram | null> {
    if (this.#made?.of !== trained) {
      this.close();
      const program = await DeltaProgram.create(device, trained, choice, this.#terms.codec.feedbackDecay);
      this.#made = { of: trained, program };
    }
    return this.#made.program;
  }
}

/**
 * Bytes that encoding takes on an adapter besides the training of these parameters; 0 where the processor encodes. The parameters may be those
 * of a dry run.
 */
export function predictEncoding(adapter: Adapter, terms: EncodingTerms, trained: TrainedParameters): number {
  const choice = choiceOn(adapter, terms);
  if (choice === null) return 0;
  try {
    return predictDeltaProgram(adapter, trained, choice);
  } catch (error) {
    if (refusalOf(error) === null) throw error;
    return 0;
  }
}

/** How the codec chooses what an adapter sends; null where the processor has to encode. */
function choiceOn({ software }: Adapter, { codec, fragments }: EncodingTerms): Choice | null {
  return software || fragments.count > 1 ? null : (codec.choice ?? null);
}

/** One in so many parameters is compared besides those that are sent; a prime, so that no tile of a kernel is left out. */
const sampled = 61;

/** Whether what is sent, what is left of it and a sample of the other residual have the bits that the processor computes. */
function agrees(
  { chosen, indices, sent, residual }: ProgramResult,
  { base, local, residual: before }: ChangedValues,
  { feedbackDecay }: Codec,
): boolean {
  const decay = Math.fround(feedbackDecay);
  const wholeOf = (index: number) => {
    const decayed = Math.fround(decay * (before[index] ?? 0));
    return Math.fround(Math.fround((base[index] ?? 0) - (local[index] ?? 0)) + decayed);
  };
  let next = 0;
  for (let index = 0; index < residual.length; index += sampled) {
    while ((indices[next] ?? residual.length) < index) next++;
    if (indices[next] !== index && residual[index] !== wholeOf(index)) return false;
  }
  return indices.every((index, i) => {
    const whole = wholeOf(index);
    return chosen[i] === whole && residual[index] === Math.fround(whole - (sent[i] ?? 0));
  });
}

const wrongNumbers = 'encoding.wrong-numbers';

/** The code of an error of a device that the processor makes good; null for any other error. */
function refusalOf(error: unknown): string | null {
  // What the card chose cannot be encoded.
  if (error instanceof WireError) return wrongNumbers;
  const codes = ['device.too-small', 'device.lost', 'shader.invalid'];
  return error instanceof TapestryError && codes.includes(error.code) ? error.code : null;
}
