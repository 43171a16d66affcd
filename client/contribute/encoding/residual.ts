import type { Codec } from '../../../relay/wire/codec/codec.ts';
import { fragmentOf, type PartName } from '../../../relay/wire/fragments.ts';
import { BaseDelta } from '../round/base-delta.ts';
import { type EncodedDelta, returned, withLate } from '../round/error-feedback.ts';
import type { EncodingTerms } from './delta-encoder.ts';

type Vector = Float32Array<ArrayBuffer>;

/** What a contribution is of: a round, and of its model a part. */
interface Sent {
  readonly round: number;
  readonly part: PartName;
}

/**
 * What a node's payloads left out of its deltas, over the whole model: its error feedback. A contribution changes only the values that it is of;
 * those of the layers below wait for the next one of the whole model.
 */
export class Residual {
  readonly #terms: EncodingTerms;
  /** The greatest norm of a delta in the newest round. */
  normBound = Number.POSITIVE_INFINITY;
  /** One value per parameter. A vector that was set is never changed in place. */
  values: Vector;

  constructor(terms: EncodingTerms, length: number) {
    this.#terms = terms;
    this.values = new Float32Array(length);
  }

  /** The codec with the bound of the newest round, which follows what payloads represent: with a sparse codec a part of a delta. */
  get codec(): Codec {
    const { codec } = this.#terms;
    return { ...codec, clipNorm: Math.min(codec.clipNorm, this.normBound) };
  }

  /**
   * The round closed before the delta from `base` to `local` was sent: it returns here.
   * @throws TapestryError `delta.not-finite`
   */
  takeLate({ round, part }: Sent, base: Vector, local: Vector): void {
    const fragment = fragmentOf(this.#terms.fragments, round, part);
    const delta = BaseDelta.between(fragment.of(base), fragment.of(local), this.#terms.codec.clipNorm);
    this.values = fragment.into(this.values, withLate(delta, fragment.of(this.values), this.codec));
  }

  /** The contribution does not count; `residual` is what its encoding left out, over the whole model. See `returned`. */
  takeBack({ round, part }: Sent, { payload, residual }: EncodedDelta): void {
    const fragment = fragmentOf(this.#terms.fragments, round, part);
    const whole = returned({ payload, residual: fragment.of(residual) }, this.codec);
    this.values = fragment.into(residual, whole);
  }
}
