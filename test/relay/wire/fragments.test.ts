import { create } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { manifestBytesOf, parseManifest } from '../../../relay/run/manifest.ts';
import {
  fragmentsOf,
  stridedFragments,
  upperPart,
  valuesOf,
  wholeModel,
} from '../../../relay/wire/fragments.ts';
import { WireError } from '../../../relay/wire/frames.ts';
import { UpperLayersSchema } from '../../../relay/wire/tapestry_pb.js';
import { tinyRun } from '../../support/relay/run-support.ts';

const settings = fc
  .record({
    parameters: fc.integer({ min: 2, max: 200 }),
    count: fc.integer({ min: 2, max: 5 }),
    block: fc.integer({ min: 1, max: 60 }),
  })
  .filter(({ parameters, count, block }) => (count - 1) * block < parameters);

const numbered = (length: number, first: number) => Float32Array.from({ length }, (_, i) => first + i);

test('the rounds of one turn synchronize each value once, and each round has as many values', () => {
  fc.assert(
    fc.property(settings, ({ parameters, ...of }) => {
      const { count, length, at } = stridedFragments(parameters, of);
      const vector = numbered(parameters, 1);
      const values = Array.from({ length: count }, (_, i) => at(i + 1).of(vector));
      for (const part of values) expect(part).toHaveLength(length);
      const held = values.flatMap((part) => [...part]).filter((value) => value !== 0);
      expect(held.sort((a, b) => a - b)).toEqual([...vector]);
      expect(at(count + 1).of(vector)).toEqual(values[0]);
    }),
  );
});

test('values go back to where they came from, and nothing else changes', () => {
  fc.assert(
    fc.property(settings, fc.integer({ min: 1, max: 20 }), ({ parameters, ...of }, round) => {
      const fragment = stridedFragments(parameters, of).at(round);
      const [before, other] = [numbered(parameters, 1), numbered(parameters, 1000)];
      expect(fragment.into(before, fragment.of(before))).toEqual(before);
      const after = fragment.into(before, fragment.of(other));
      expect(fragment.of(after)).toEqual(fragment.of(other));
      const first = (round - 1) % of.count;
      for (const [i, value] of after.entries())
        expect(value).toBe(Math.floor(i / of.block) % of.count === first ? other[i] : before[i]);
    }),
  );
});

test('the tensors of a delta are those of the vector, cut at the borders of blocks, with the padding in the last', () => {
  const { length, at } = stridedFragments(20, { count: 2, block: 6 });
  // Blocks 0-5 and 12-17, and blocks 6-11 and 18-19 with 4 values of padding.
  expect(length).toBe(12);
  expect(at(1).tensors([4, 10, 6])).toEqual([4, 2, 2, 4]);
  expect(at(2).tensors([4, 10, 6])).toEqual([6, 6]);
  fc.assert(
    fc.property(settings, fc.integer({ min: 1, max: 20 }), ({ parameters, ...of }, round) => {
      const fragments = stridedFragments(parameters, of);
      const first = Math.floor(parameters / 2);
      const sizes = fragments.at(round).tensors([first, parameters - first]);
      expect(sizes.every((size) => size > 0)).toBe(true);
      expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(fragments.length);
    }),
  );
});

test('fragments that are fewer than two, or empty, are refused', () => {
  for (const bad of [
    { count: 1, block: 4 },
    { count: 0, block: 4 },
    { count: 2, block: 0 },
    { count: 3, block: 10 },
  ])
    expect(() => stridedFragments(20, bad)).toThrow(WireError);
  expect(() => stridedFragments(20, { count: 2, block: 6 }).at(1).of(new Float32Array(19))).toThrow(
    RangeError,
  );
});

const uppers = fc
  .record({ parameters: fc.integer({ min: 2, max: 200 }), from: fc.integer({ min: 1, max: 199 }) })
  .filter(({ parameters, from }) => from < parameters);

test('the upper part is the end of the vector, and its values go back there alone', () => {
  fc.assert(
    fc.property(uppers, ({ parameters, from }) => {
      const upper = upperPart(parameters, { layers: 1, from });
      const [before, other] = [numbered(parameters, 1), numbered(parameters, 1000)];
      expect(upper.of(before)).toEqual(before.slice(from));
      expect(upper.length).toBe(parameters - from);
      const after = upper.into(before, upper.of(other));
      expect(after.slice(0, from)).toEqual(before.slice(0, from));
      expect(after.slice(from)).toEqual(other.slice(from));
      expect(before).toEqual(numbered(parameters, 1));
    }),
  );
  const upper = upperPart(20, { layers: 1, from: 6 });
  expect(() => upper.of(numbered(19, 1))).toThrow(RangeError);
  expect(() => upper.into(numbered(20, 1), numbered(13, 1))).toThrow(RangeError);
});

test('the tensors of the upper part are those that end in it, the first one cut where it begins', () => {
  expect(upperPart(20, { layers: 1, from: 4 }).tensors([4, 10, 6])).toEqual([10, 6]);
  expect(upperPart(20, { layers: 1, from: 7 }).tensors([4, 10, 6])).toEqual([7, 6]);
  fc.assert(
    fc.property(uppers, fc.array(fc.integer({ min: 1, max: 50 })), ({ parameters, from }, drawn) => {
      const sizes: number[] = [];
      for (const size of [...drawn, parameters]) {
        const left = parameters - sizes.reduce((sum, one) => sum + one, 0);
        if (left > 0) sizes.push(Math.min(size, left));
      }
      const cut = upperPart(parameters, { layers: 1, from }).tensors(sizes);
      expect(cut.every((size) => size > 0)).toBe(true);
      expect(cut.reduce((sum, size) => sum + size, 0)).toBe(parameters - from);
    }),
  );
});

test('a manifest grants a part by the strategy `upper_layers` alone', () => {
  const { model, strategy } = parsedTinyRun();
  const fragments = (layers: number, from: number) =>
    fragmentsOf({
      model,
      strategy: {
        ...strategy,
        part: { case: 'upperLayers', value: create(UpperLayersSchema, { layers, from }) },
      },
    });
  const granted = fragments(1, 60);
  expect(granted).toMatchObject({ count: 1, length: 100, upper: { layers: 1, from: 60, length: 40 } });
  expect([valuesOf(granted, 'whole'), valuesOf(granted, 'upper')]).toEqual([100, 40]);
  for (const [layers, from] of [
    [0, 60],
    [2, 60],
    [1, 0],
    [1, 100],
  ] as const)
    expect(() => fragments(layers, from)).toThrow(WireError);
  for (const other of [wholeModel(100), stridedFragments(100, { count: 2, block: 30 })]) {
    expect(other.upper).toBeNull();
    expect([valuesOf(other, 'whole'), valuesOf(other, 'upper')]).toEqual([other.length, null]);
  }
});

function parsedTinyRun() {
  const keys = { relayKey: new Uint8Array(32), initialBase: new Uint8Array(32) };
  return parseManifest(manifestBytesOf(tinyRun().manifest, keys)).manifest;
}

test('without fragments a round synchronizes the whole vector', () => {
  const { count, length, at } = wholeModel(7);
  const [before, after] = [numbered(7, 1), numbered(7, 9)];
  expect({ count, length }).toEqual({ count: 1, length: 7 });
  expect(at(3).of(before)).toBe(before);
  expect(at(3).into(before, after)).toBe(after);
  expect(at(3).tensors([3, 4])).toEqual([3, 4]);
});
