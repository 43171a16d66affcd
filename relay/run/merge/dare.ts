import { digestOf } from '../../storage/sha256.ts';
import { fromHex } from '../../wire/hex.ts';
import { inSlices } from '../aggregate.ts';
import type { Merge, Merged, Part } from './merge.ts';
import { roundSeed } from './sketch.ts';

/** Densities are whole parts of this, so that a byte decides about a value. */
const scale = 256;

/**
 * DARE (Yu et al. 2024, arXiv 2311.03099): of each delta a random `density` of the values remains, and the weighted mean of what
 * remains is divided by the density, so that its expectation is that of the weighted mean.
 *
 * The density is rounded to d / 256. A value remains if its byte is below d. The bytes of a part are SHA-256(seed || 0),
 * SHA-256(seed || 1) and so on (counters as u32 LE), one for each value, where `seed` is SHA-256 of the round's seed and the
 * hash of the part's payload.
 */
export class Dare implements Merge {
  readonly #parameters: number;
  readonly #remaining: number;

  constructor(parameters: number, { density }: { readonly density: number }) {
    this.#parameters = parameters;
    this.#remaining = bytesOf(density);
  }

  async merge(parts: readonly Part[], unit: number): Promise<Merged> {
    const round = roundSeed(parts.map(({ payload }) => payload));
    const sums = new Float64Array(this.#parameters);
    let tokens = 0;
    for (const part of parts) {
      const byteOf = randomBytes(digestOf(round, fromHex(part.payload)));
      await part.decode(({ integers, indices, from }) => {
        for (let i = 0; i < integers.length; i++) {
          const index = indices === null ? from + i : (indices[i] ?? 0);
          if (byteOf(index) < this.#remaining)
            sums[index] = (sums[index] ?? 0) + (integers[i] ?? 0) * part.tokens;
        }
      });
      tokens += part.tokens;
    }
    const divisor = tokens * this.#remaining;
    await inSlices(this.#parameters, (from, to) => {
      for (let i = from; i < to; i++) sums[i] = ((sums[i] ?? 0) * scale * unit) / divisor;
    });
    return { delta: sums, excluded: [], shares: parts.map(() => 1) };
  }
}

/** The `d` of a density: at least 1 is needed for any value to remain. */
export function bytesOf(density: number): number {
  return Math.floor(density * scale + 0.5);
}

/** The random byte of each value; cheap where values are asked for in ascending order. */
function randomBytes(seed: Uint8Array): (index: number) => number {
  const counter = new DataView(new ArrayBuffer(4));
  let block = -1;
  let bytes: Uint8Array = new Uint8Array();
  return (index) => {
    if (index >> 5 !== block) {
      block = index >> 5;
      counter.setUint32(0, block, true);
      bytes = digestOf(seed, new Uint8Array(counter.buffer));
    }
    return bytes[index & 31] ?? 0;
  };
}
