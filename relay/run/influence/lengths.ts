import type { Codec } from '../../wire/codec/codec.ts';
import type { Hash } from '../../wire/hex.ts';
import { decodeInSlices, plusSquares } from '../aggregate.ts';
import { partOf } from '../merge/merge.ts';
import type { ReadPart } from '../ranges/range-part.ts';

/** A payload that can be read. */
export interface Readable {
  readonly payload: Hash;
  /** Values of its delta. */
  readonly values: number;
  read(): Promise<Uint8Array>;
}

/**
 * Payloads whose lengths are measured while they are read for something else: whoever uses `parts` reads each payload whole, in order, at
 * least once. The first pass may be over one range after another.
 */
export class Lengths {
  readonly parts: readonly ReadPart[];
  readonly #measured: readonly { readonly values: number; squares: number; through: number }[];

  constructor(payloads: readonly Readable[], codec: Codec) {
    this.#measured = payloads.map(({ values }) => ({ values, squares: 0, through: 0 }));
    this.parts = payloads.map(({ payload, values, read }, index) => {
      const own = this.#measured[index] ?? { squares: 0, through: 0 };
      return partOf(payload, read, (bytes, take, span) =>
        decodeInSlices(
          bytes,
          values,
          codec,
          (slice) => {
            if (slice.from === own.through) {
              own.squares = plusSquares(own.squares, slice.integers);
              own.through = slice.to;
            }
            take(slice);
          },
          span,
        ),
      );
    });
  }

  /**
   * The L2 norm of each delta, in units, once its payload was read. One with fewer values than `values` has the norm of a delta of so
   * many values with the same mean square: otherwise the deltas of a part would count as short ones.
   */
  norms(values: number): number[] {
    return this.#measured.map((own) => Math.sqrt(own.squares * (values / own.values)));
  }
}
