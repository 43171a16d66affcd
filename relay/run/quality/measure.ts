import { digestOf } from '../../storage/sha256.ts';
import type { Hash } from '../../wire/hex.ts';
import { fromHex, toHex } from '../../wire/hex.ts';
import type { TakeSlice } from '../aggregate.ts';
import { blockWidth, roundSeed, signsOf } from '../merge/sketch.ts';

/** A payload as it is measured. */
export interface Measurable {
  readonly payload: Hash;
  /** Calls `take` with the integers of the payload, slice by slice, in the order of their values. */
  decode(take: TakeSlice): Promise<void>;
}

/** The sketch of each payload of a round, whose deltas have `values` values. */
export async function sketchesOf(payloads: readonly Measurable[], values: number): Promise<Float64Array[]> {
  const width = blockWidth(values, payloads.length);
  const signs = await signsOf(
    payloads.map(({ payload }) => payload),
    values,
  );
  const all: Float64Array[] = [];
  for (const { decode } of payloads) {
    const sketch = new Float64Array(Math.ceil(values / width));
    await decode(({ integers, indices, from }) => {
      for (let i = 0; i < integers.length; i++) {
        const index = indices === null ? from + i : (indices[i] ?? 0);
        const integer = integers[i] ?? 0;
        const block = Math.floor(index / width);
        const bit = ((signs[index >> 3] ?? 0) >> (index & 7)) & 1;
        sketch[block] = (sketch[block] ?? 0) + ((integer ^ -bit) + bit);
      }
    });
    all.push(sketch);
  }
  return all;
}

/** A lot for each payload of a round, which follows from all of them: SHA-256 of the round's seed and the payload's hash. */
export function lotsOf(payloads: readonly Hash[]): string[] {
  const seed = roundSeed(payloads);
  return payloads.map((payload) => toHex(digestOf(seed, fromHex(payload))));
}
