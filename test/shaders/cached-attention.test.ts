import { afterAll, beforeAll, test } from 'vitest';
import type { Device } from '../../client/gpu/device.ts';
import { cacheAppend, cachedAttention } from '../../client/model/operations/cached-attention.ts';
import { attentionForward } from '../../client/model/reference/attention.ts';
import type { Random } from '../../client/random.ts';
import { openNodeDevice } from '../support/gpu-node.ts';
import { allVariants, expectClose, onRandomShapes, randomValues, runOperation } from './operation.ts';

let device: Device;
beforeAll(async () => {
  device = await openNodeDevice();
});
afterAll(() => device.close());

const none = 0xffffffff;

/** Rows for the ends of the sequences in any order, at most `most`, and one row without a sequence. */
function somePlaces(random: Random, lengths: readonly number[], most: number): number[][] {
  const places = lengths.flatMap((length, sequence) => {
    const rows = 1 + random.below(Math.min(length, most));
    return Array.from({ length: rows }, (_, i) => [sequence, length - 1 - i]);
  });
  places.splice(random.below(places.length + 1), 0, [none, none]);
  return places;
}

/** `count` rows' columns from `first` on, `width` of each. */
const columns = (rows: Float32Array, of: number, first: number, width: number) =>
  Float64Array.from({ length: (rows.length / of) * width }, (_, i) => {
    return rows[Math.floor(i / width) * of + first + (i % width)] ?? Number.NaN;
  });

test('attention over cached keys and values agrees with the reference for tokens of several sequences', () =>
  onRandomShapes(
    { keyValueHeads: 2, group: 3, vectors: 9, beyond: 300, sequences: 3 },
    async ({ keyValueHeads, group, vectors, beyond, sequences }, random) => {
      // The first sequence is full: it has two or three blocks of 256 keys, and its rows are at their end.
      const positions = 256 + beyond;
      const heads = group * keyValueHeads;
      const headSize = 4 * vectors;
      const [queryWidth, keyWidth] = [heads * headSize, keyValueHeads * headSize];
      const rowWidth = queryWidth + 2 * keyWidth;
      const lengths = Array.from({ length: sequences }, (_, sequence) =>
        sequence === 0 ? positions : 1 + random.below(positions),
      );
      const whole = lengths.map((length) => randomValues(random, length * rowWidth));
      const places = somePlaces(random, lengths, 5);

      // The cache holds all keys and values except those of the rows, which `append` adds.
      const cache = new Float32Array(sequences * positions * 2 * keyWidth).fill(1e30);
      const qkv = new Float32Array(places.length * rowWidth);
      const expected = new Float64Array(places.length * queryWidth);
      for (const [sequence, rows] of whole.entries()) {
        for (let position = 0; position < (lengths[sequence] ?? 0); position++) {
          const row = rows.subarray(position * rowWidth, (position + 1) * rowWidth);
          const at = places.findIndex(([s, p]) => s === sequence && p === position);
          if (at >= 0) qkv.set(row, at * rowWidth);
          else cache.set(row.subarray(queryWidth), (sequence * positions + position) * 2 * keyWidth);
        }
        const attended = attentionForward(
          columns(rows, rowWidth, 0, queryWidth),
          columns(rows, rowWidth, queryWidth, keyWidth),
          columns(rows, rowWidth, queryWidth + keyWidth, keyWidth),
          { batch: 1, sequence: lengths[sequence] ?? 0, heads, keyValueHeads, headSize },
        );
        places.forEach(([s, position = 0], at) => {
          if (s !== sequence) return;
          expected.set(
            attended.subarray(position * queryWidth, (position + 1) * queryWidth),
            at * queryWidth,
          );
        });
      }
      const nothing = places.findIndex(([sequence]) => sequence === none);
      expected.fill(7, nothing * queryWidth, (nothing + 1) * queryWidth);

      const shape = { rows: places.length, heads, keyValueHeads, headSize, sequences, positions };
      for (const variant of allVariants(device)) {
        const values = {
          sequences: Uint32Array.from(places, ([sequence = none]) => sequence),
          positions: Uint32Array.from(places, ([, position = none]) => position),
          qkv,
          cache,
          output: new Float32Array(places.length * queryWidth).fill(7),
        };
        const results = await runOperation(variant, values, (program, buffers) => {
          program.record(cacheAppend, shape, buffers);
          program.record(cachedAttention, shape, { ...buffers, savedCache: buffers.cache });
        });
        expectClose(results('output'), expected, 1e-5);
      }
    },
  ));
