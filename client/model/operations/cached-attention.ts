import type { Operation, Variant } from '../../gpu/operation.ts';
import { flat } from './grid.ts';

/** Attention of `rows` tokens over a cache with `positions` entries for each sequence. A head's width is a multiple of 4. */
export interface CachedAttentionShape {
  readonly rows: number;
  readonly heads: number;
  readonly keyValueHeads: number;
  readonly headSize: number;
  /** Number of sequences of the bound part of the cache; the first is `firstSequence`. */
  readonly sequences: number;
  readonly positions: number;
  readonly firstSequence?: number;
}

const words = (shape: CachedAttentionShape) => {
  const { rows, heads, keyValueHeads, headSize, sequences, positions, firstSequence = 0 } = shape;
  return [rows, heads, keyValueHeads, headSize / 4, sequences, positions, firstSequence];
};

const shader = 'cachedAttention';
const appendLanes = 64;

/** Bindings: sequences (rows), positions (rows), qkv (rows, query, key and value heads; rotated), cache. */
export const cacheAppend: Operation<CachedAttentionShape> = {
  name: 'cache-append',
  words,
  variants: [
    {
      name: 'flat',
      shader,
      entry: 'append',
      overrides: () => ({ lanes: appendLanes, splits: 1 }),
      workgroups: ({ rows, keyValueHeads, headSize }) =>
        flat((rows * keyValueHeads * headSize) / 2, appendLanes),
      fits: () => true,
      prefers: 'any',
    },
  ],
};

/** The most sums of a head's columns that fit workgroup memory; see cached-attention.wgsl. */
const mostSums = 256;

/** At least `splits` lanes add up each column of a head. */
const attend = (
  name: string,
  lanes: number,
  splitsOf: (vectors: number) => number,
  prefers: 'processor' | 'graphics',
): Variant<CachedAttentionShape> => ({
  name,
  shader,
  entry: 'attend',
  overrides: ({ headSize }) => ({ lanes, splits: splitsOf(headSize / 4) }),
  workgroups: ({ heads, rows }) => [heads, rows, 1],
  fits: (_adapter, { headSize }) => splitsOf(headSize / 4) * (headSize / 4) <= mostSums,
  prefers,
});

/** Bindings: sequences, positions, qkv, savedCache, output (rows, heads). Rows of other sequences are not written. */
export const cachedAttention: Operation<CachedAttentionShape> = {
  name: 'cached-attention',
  words,
  indices: ({ firstSequence = 0, sequences, positions }) => ({
    sequences: firstSequence + sequences,
    positions,
  }),
  variants: [
    attend('8 lanes', 8, () => 1, 'processor'),
    attend('128 lanes', 128, (vectors) => Math.max(1, Math.floor(128 / vectors)), 'graphics'),
  ],
};
