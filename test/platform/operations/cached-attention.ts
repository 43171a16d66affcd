import {
  type CachedAttentionShape,
  cacheAppend,
  cachedAttention,
} from '../../../client/model/operations/cached-attention.ts';
import { addScaled, dot, row } from '../../../client/model/reference/vector.ts';
import { type Case, caseOf } from './case.ts';
import { columns, type Draw, u32, untouched, unwritten } from './draw.ts';

/** The sequence number of a row without a sequence. */
const none = 0xffffffff;

/** `positions` of several sequences, more than the 256 that a kernel looks at together; and a part of a larger cache. */
const shapes = (draw: Draw) => [
  { heads: 1, keyValueHeads: 1, headSize: 4, positions: 1, sequences: 1, firstSequence: 0 },
  { heads: 6, keyValueHeads: 2, headSize: 32, positions: 9, sequences: 3, firstSequence: 2 },
  { heads: 2, keyValueHeads: 1, headSize: 36, positions: 700, sequences: 2, firstSequence: 0 },
  {
    heads: 4,
    keyValueHeads: 2,
    headSize: 8,
    positions: draw.upTo(60),
    sequences: draw.upTo(4),
    firstSequence: draw.upTo(4),
  },
];

/** A row for a position of each sequence, one row without a sequence, and rows of sequences outside the part. */
function made(draw: Draw, sizes: ReturnType<typeof shapes>[number]) {
  const { heads, keyValueHeads, headSize, positions, sequences, firstSequence } = sizes;
  const places = Array.from({ length: sequences }, (_, sequence) => {
    return [sequence, sequence === 0 ? positions - 1 : draw.upTo(positions) - 1] as const;
  });
  const outside = [none, firstSequence - 1, firstSequence + sequences].filter((sequence) => sequence >= 0);
  /** The sequence's place in the cache, and the position. */
  const at: readonly (readonly [number, number])[] = [
    ...places.slice(0, 1),
    ...outside.map((sequence) => [sequence - firstSequence, 0] as const),
    ...places.slice(1),
  ];
  const shape: CachedAttentionShape = { ...sizes, rows: at.length };
  const keyWidth = keyValueHeads * headSize;
  const queryWidth = heads * headSize;
  const qkv = draw.stored(at.length * (queryWidth + 2 * keyWidth));
  const bound = {
    sequences: u32(at.map(([sequence]) => sequence + firstSequence)),
    positions: u32(at.map(([, position]) => position)),
    qkv,
  };
  return { shape, at, bound, keyWidth, queryWidth };
}

export function cacheAppendCases(draw: Draw): Case[] {
  return shapes(draw).map((each) => {
    const { shape, at, bound, keyWidth, queryWidth } = made(draw, each);
    const width = 2 * keyWidth;
    const keysAndValues = columns(bound.qkv.values, queryWidth + width, queryWidth, width);
    const cache = untouched(shape.sequences * shape.positions * width);
    at.forEach(([sequence, position], n) => {
      if (sequence < 0 || sequence >= shape.sequences) return;
      const place = sequence * shape.positions + position;
      cache.set(keysAndValues.subarray(n * width, (n + 1) * width), place * width);
    });
    return caseOf(cacheAppend, shape, { ...bound, cache: unwritten('stored', cache.length) }, { cache });
  });
}

export function cachedAttentionCases(draw: Draw): Case[] {
  return shapes(draw).map((each) => {
    const { shape, at, bound, keyWidth, queryWidth } = made(draw, each);
    const { sequences, positions, heads, keyValueHeads, headSize } = shape;
    const cache = draw.stored(sequences * positions * 2 * keyWidth);
    const output = untouched(at.length * queryWidth);
    at.forEach(([sequence, position], n) => {
      if (sequence < 0 || sequence >= sequences) return;
      for (let head = 0; head < heads; head++) {
        const query = row(bound.qkv.values, n, queryWidth + 2 * keyWidth).subarray(head * headSize);
        const shared = Math.floor(head / (heads / keyValueHeads)) * headSize;
        const seen = Array.from({ length: position + 1 }, (_, i) => {
          const kept = row(cache.values, sequence * positions + i, 2 * keyWidth);
          return [kept.subarray(shared), kept.subarray(keyWidth + shared)] as const;
        });
        output.set(attend(query.subarray(0, headSize), seen), n * queryWidth + head * headSize);
      }
    });
    return caseOf(
      cachedAttention,
      shape,
      { ...bound, savedCache: cache, output: unwritten('stored', output.length) },
      { output },
    );
  });
}

/** The values of the keys and values that a query sees, weighted by softmax. */
function attend(
  query: Float64Array,
  seen: readonly (readonly [key: Float64Array, value: Float64Array])[],
): Float64Array {
  const powers = seen.map(([key]) => Math.exp(dot(query, key) / Math.sqrt(query.length)));
  const sum = powers.reduce((a, b) => a + b);
  const output = new Float64Array(query.length);
  seen.forEach(([, value], i) => {
    addScaled(output, (powers[i] ?? 0) / sum, value.subarray(0, query.length));
  });
  return output;
}
