import type { Codec } from '../wire/codec/codec.ts';
import type { WholeManifest } from '../wire/frames.ts';

/**
 * The greatest L2 norm of a delta: the codec's clip norm, or less where the manifest lets it follow the run. An honest delta
 * is much shorter than the clip norm, and shorter still late in a run; the clip norm alone would leave a hostile node that
 * much more. Medians are of all contributions of a round, so a minority cannot raise them.
 */
export class NormBound {
  readonly #norm: WholeManifest['norm'];
  readonly #codec: Pick<Codec, 'clipNorm' | 'unit'>;
  /** Median norms of the newest committed rounds, in units. */
  readonly #medians: number[] = [];

  constructor({ norm }: Pick<WholeManifest, 'norm'>, codec: Pick<Codec, 'clipNorm' | 'unit'>) {
    this.#norm = norm;
    this.#codec = codec;
  }

  /** A round with this median norm was committed. */
  add(median: number): void {
    if (this.#norm.case === 'fixed') return;
    this.#medians.push(median);
    if (this.#medians.length > this.#norm.value.rounds) this.#medians.shift();
  }

  /** For the next round. Before the first commit, and after rounds of zeros, it is the clip norm. */
  get value(): number {
    const { clipNorm, unit } = this.#codec;
    if (this.#norm.case === 'fixed') return clipNorm;
    const greatest = Math.max(0, ...this.#medians);
    return greatest === 0 ? clipNorm : Math.min(clipNorm, this.#norm.value.factor * greatest * unit);
  }
}

/** The codec with another bound than the clip norm. */
export function bounded(codec: Codec, normBound: number): Codec {
  return { ...codec, clipNorm: normBound };
}

/** Of an even number the lower of the two in the middle, so that one of two cannot raise it; 0 of none. */
export function lowerMedian(values: readonly number[]): number {
  return [...values].sort((one, other) => one - other)[Math.floor((values.length - 1) / 2)] ?? 0;
}
