import type { Operation, Variant } from '../../gpu/operation.ts';
import { flat } from './grid.ts';

/** Attention of `rows` tokens over a cache that has `positions` of each of its sequences. A head's width is a multiple of 4. */
export interface CachedAttentionShape {
  readonly rows: number;
  readonly heads: number;
  readonly keyValueHeads: number;
  readonly headSize: number;
  /** Of the cache that is bound, the first of which is `firstSequence`. */
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

/** Bindings: sequences (rows), positions (rows), qkv (rows, query, key and value heads; turned), cache. */
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
      suits: 'any',
    },
  ],
};

/** The sums of a head's columns that workgroup memory has room for; see cached-attention.wgsl. */
const mostSums = 256;

/** `splits` lanes, or more, add up one column of a head. */
const attend = (
  name: string,
  lanes: number,
  splitsOf: (vectors: number) => number,
  suits: 'processor' | 'graphics',
): Variant<CachedAttentionShape> => ({
  name,
  shader,
  entry: 'attend',
  overrides: ({ headSize }) => ({ lanes, splits: splitsOf(headSize / 4) }),
  workgroups: ({ heads, rows }) => [heads, rows, 1],
  fits: (_adapter, { headSize }) => splitsOf(headSize / 4) * (headSize / 4) <= mostSums,
  suits,
});

/** Bindings: sequences, positions, qkv, savedCache, output (rows, heads). Rows of other sequences are left as they are. */
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
