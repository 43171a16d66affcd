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
      const end = Math.min(span.to, integers.length);
      for (let { from } = span; from < end; from += 2) {
        const to = Math.min(from + 2, end);
        take({ from, to, indices: null, integers: Int32Array.from(integers.slice(from, to)) });
      }
    },
  });
}
