import type { Codec } from '../../wire/codec/codec.ts';
import type { Hash } from '../../wire/hex.ts';
import { decodeInSlices, plusSquares } from '../aggregate.ts';
import { type Part, partOf } from '../merge/merge.ts';

/** A payload that can be read. */
export interface Readable {
  readonly payload: Hash;
  read(): Promise<Uint8Array>;
}

/**
 * Payloads whose lengths are measured while they are read for something else: whoever uses `parts` reads each payload whole, in order, at
 * least once.
 */
export class Lengths {
  readonly parts: readonly Omit<Part, 'tokens'>[];
  readonly #measured: readonly { squares: number; through: number }[];

  constructor(payloads: readonly Readable[], values: number, codec: Codec) {
    this.#measured = payloads.map(() => ({ squares: 0, through: 0 }));
    this.parts = payloads.map(({ payload, read }, index) => {
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

  /** The L2 norm of each delta, in units, once its payload was read. */
  norms(): number[] {
    return this.#measured.map(({ squares }) => Math.sqrt(squares));
  }
}
