import type { Part } from '../../../relay/run/merge/merge.ts';
import { hashOfBytes } from '../../../relay/storage/sha256.ts';

/** A part of a merge whose payload is in memory. */
export function openedPart(part: Omit<Part, 'open'>): Part {
  return { ...part, open: async () => ({ bytes: 1, decode: part.decode }) };
}

/** A part of a merge, in slices of two values. */
export function partOf(integers: readonly number[], tokens: number): Part {
  return openedPart({
    tokens,
    payload: hashOfBytes(new TextEncoder().encode(integers.join())),
    decode: async (take, span = { from: 0, to: integers.length }) => {
      for (let { from } = span; from < Math.min(span.to, integers.length); from += 2)
        take({
          ...{ from, to: Math.min(from + 2, integers.length), indices: null },
          integers: Int32Array.from(integers.slice(from, from + 2)),
        });
    },
  });
}
