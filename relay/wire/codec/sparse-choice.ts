import { WireError } from '../strict.ts';
import { RefusalCode } from '../tapestry_pb.js';
import type { Chosen } from './codec.ts';

/** Bits of a float32 that tell neither its sign nor more than its size to three bits of the fraction. */
const coarse = 20;
const withoutSign = 0x7fffffff;
const infinity = 0x7f800000;

/** Where chosen values are written, chunk by chunk. */
export interface ChosenInto extends Chosen {
  readonly places: Uint32Array<ArrayBuffer>;
  readonly values: Float32Array<ArrayBuffer>;
}

/**
 * Chooses the values of greatest magnitude of one chunk after another; of equal ones the first. It compares the bits of their
 * magnitudes, which have the order of the magnitudes, and sorts only those that are near the least chosen one.
 */
export class ChunkChooser {
  readonly #values: Float32Array;
  readonly #bits: Uint32Array;
  /** How many magnitudes of a chunk have these highest bits. */
  readonly #counts = new Uint16Array(2 ** (31 - coarse));
  readonly #near: Uint32Array;

  constructor(values: Float32Array, chunk: number) {
    this.#values = values;
    this.#bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
    this.#near = new Uint32Array(chunk);
  }

  /**
   * Writes the `count` >= 1 values of greatest magnitude among those from `start` to before `end` into `into` from `at` on.
   *
   * Throws WireError NOT_FINITE on NaN and infinities.
   */
  choose(start: number, end: number, count: number, into: ChosenInto, at: number): void {
    const bits = this.#bits;
    const { least, equal } = this.#leastOf(start, end, count);
    let next = at;
    let left = equal;
    for (let i = start; i < end; i++) {
      const magnitude = (bits[i] ?? 0) & withoutSign;
      if (magnitude < least || (magnitude === least && left-- <= 0)) continue;
      into.places[next] = i - start;
      into.values[next++] = this.#values[i] ?? 0;
    }
  }

  /** The bits of the least magnitude that is chosen, and how many are chosen of those that have it. */
  #leastOf(start: number, end: number, count: number): { readonly least: number; readonly equal: number } {
    const [bits, counts, near] = [this.#bits, this.#counts, this.#near];
    counts.fill(0);
    for (let i = start; i < end; i++) {
      const magnitude = (bits[i] ?? 0) & withoutSign;
      if (magnitude >= infinity)
        throw new WireError(RefusalCode.NOT_FINITE, `value ${i} is ${this.#values[i]}`);
      const bin = magnitude >>> coarse;
      counts[bin] = (counts[bin] ?? 0) + 1;
    }
    let bin = counts.length - 1;
    let wanted = count;
    for (; (counts[bin] ?? 0) < wanted; bin--) wanted -= counts[bin] ?? 0;
    let found = 0;
    for (let i = start; i < end; i++) {
      const magnitude = (bits[i] ?? 0) & withoutSign;
      if (magnitude >>> coarse === bin) near[found++] = magnitude;
    }
    const sorted = near.subarray(0, found).sort();
    const least = sorted[found - wanted] ?? 0;
    return { least, equal: sorted.lastIndexOf(least) + 1 - (found - wanted) };
  }
}
