import type { Hash } from '../../wire/hex.ts';
import type { Span, TakeSlice } from '../aggregate.ts';

/** A contribution as a merge reads it: once for each pass. */
export interface Part {
  /** The most that the delta weighs. */
  readonly tokens: number;
  /** Hash of the payload. */
  readonly payload: Hash;
  /** Reads the payload, for several passes over parts of it. */
  open(): Promise<OpenPart>;
  /** One pass. */
  readonly decode: OpenPart['decode'];
}

/** A contribution whose payload is in memory. */
export interface OpenPart {
  readonly bytes: number;
  /**
   * Calls `take` with the integers of the payload, slice by slice, in the order of their values: all of them, or those of the values
   * from `span.from` to before `span.to`.
   */
  decode(take: TakeSlice, span?: Span): Promise<void>;
}

/** A part without its tokens, whose payload `read` reads and `decode` decodes. */
export function partOf(
  payload: Hash,
  read: () => Promise<Uint8Array>,
  decode: (bytes: Uint8Array, take: TakeSlice, span?: Span) => Promise<void>,
): Omit<Part, 'tokens'> {
  const open = async (): Promise<OpenPart> => {
    const bytes = await read();
    return { bytes: bytes.length, decode: (take, span) => decode(bytes, take, span) };
  };
  return { payload, open, decode: async (take, span) => (await open()).decode(take, span) };
}

export interface Merged {
  /** The merged delta. */
  readonly delta: Float64Array<ArrayBuffer>;
  /** Indices of the parts that were left out, ascending. */
  readonly excluded: readonly number[];
  /** How much each part counts of what its tokens could: 1 for all, 0 if it was left out, else the mean over its values. */
  readonly shares: readonly number[];
}

/**
 * Merges the deltas of a round into one. The result depends only on the parts: order of arrival and restarts change no
 * bit of the delta. Memory is O(parameters), for any number of parts.
 */
export interface Merge {
  /** `parts` holds at least one; `unit` is the value that the integer 1 represents. */
  merge(parts: readonly Part[], unit: number): Promise<Merged>;
}
