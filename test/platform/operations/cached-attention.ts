import {
  type CachedAttentionShape,
  cacheAppend,
  cachedAttention,
} from '../../../client/model/operations/cached-attention.ts';
import { addScaled, dot, row } from '../../../client/model/reference/vector.ts';
import { type Case, caseOf } from './case.ts';
import { columns, type Draw, u32, untouched, unwritten } from './draw.ts';

/** The sequence of a row that is of none. */
const none = 0xffffffff;

/** `positions` of several sequences, more than the 256 that a kernel looks at together. */
const shapes = (draw: Draw) => [
  { heads: 1, keyValueHeads: 1, headSize: 4, positions: 1, sequences: 1 },
  { heads: 6, keyValueHeads: 2, headSize: 32, positions: 9, sequences: 3 },
  { heads: 2, keyValueHeads: 1, headSize: 36, positions: 700, sequences: 2 },
  { heads: 4, keyValueHeads: 2, headSize: 8, positions: draw.upTo(60), sequences: draw.upTo(4) },
];

/** A row for a position of each sequence, and one between them that is of none. */
function made(draw: Draw, { sequences, ...sizes }: ReturnType<typeof shapes>[number]) {
  const { heads, keyValueHeads, headSize, positions } = sizes;
  const places = Array.from({ length: sequences }, (_, sequence) => {
    return [sequence, sequence === 0 ? positions - 1 : draw.upTo(positions) - 1] as const;
  });
  const at: readonly (readonly [number, number])[] = [
    ...places.slice(0, 1),
    [none, none],
    ...places.slice(1),
  ];
  const shape: CachedAttentionShape = { ...sizes, rows: at.length };
  const keyWidth = keyValueHeads * headSize;
  const queryWidth = heads * headSize;
  const qkv = draw.stored(at.length * (queryWidth + 2 * keyWidth));
  return { shape, at, places: u32(at.flat()), keyWidth, queryWidth, qkv, sequences };
}

export function cacheAppendCases(draw: Draw): Case[] {
  return shapes(draw).map((each) => {
    const { shape, at, places, keyWidth, queryWidth, qkv, sequences } = made(draw, each);
    const width = 2 * keyWidth;
    const keysAndValues = columns(qkv.values, queryWidth + width, queryWidth, width);
    const cache = untouched(sequences * shape.positions * width);
    at.forEach(([sequence, position], n) => {
      if (sequence === none) return;
      const place = sequence * shape.positions + position;
      cache.set(keysAndValues.subarray(n * width, (n + 1) * width), place * width);
    });
    return caseOf(cacheAppend, shape, { places, qkv, cache: unwritten('stored', cache.length) }, { cache });
  });
}

export function cachedAttentionCases(draw: Draw): Case[] {
  return shapes(draw).map((each) => {
    const { shape, at, places, keyWidth, queryWidth, qkv, sequences } = made(draw, each);
    const { positions, heads, keyValueHeads, headSize } = shape;
    const cache = draw.stored(sequences * positions * 2 * keyWidth);
    const output = untouched(at.length * queryWidth);
    at.forEach(([sequence, position], n) => {
      if (sequence === none) return;
      for (let head = 0; head < heads; head++) {
        const query = row(qkv.values, n, queryWidth + 2 * keyWidth).subarray(head * headSize);
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
      { places, qkv, savedCache: cache, output: unwritten('stored', output.length) },
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
