import { expect, test } from 'vitest';
import { LocalModel } from '../../../../client/contribute/round/local-model.ts';
import { stridedFragments, wholeModel } from '../../../../relay/wire/fragments.ts';

const filled = (value: number) => new Float32Array(6).fill(value);
/** Blocks of two values, of which the rounds 1, 3, 5 synchronize the first and the last. */
const fragments = stridedFragments(6, { count: 2, block: 2 });

test('a run that synchronizes the whole model begins each round with its base', () => {
  const local = new LocalModel({ fragments: wholeModel(6), localShare: null });
  local.set({ round: 1, parameters: filled(5) });
  expect(local.own).toBeNull();
  expect(local.early(2)).toBeNull();
  const base = filled(1);
  expect(local.begin(2, base)).toBe(base);
});

test('the part that the round before changed is the base, and the rest is what the node trained', () => {
  const local = new LocalModel({ fragments, localShare: null });
  const base = filled(1);
  expect(local.begin(1, base)).toBe(base);
  local.set({ round: 1, parameters: filled(5) });
  expect(local.early(2)).toBeNull();
  expect([...local.begin(2, filled(1))]).toEqual([1, 1, 5, 5, 1, 1]);
  // A round that opens again continues from what its first attempt trained: its base is the same.
  expect(local.begin(1, base)).toEqual(filled(5));
});

test('a node that trains while the base arrives mixes it in where the round before changed it, once', () => {
  const local = new LocalModel({ fragments, localShare: 0.25 });
  expect(local.early(1)).toBeNull();
  local.set({ round: 1, parameters: filled(5) });
  expect(local.early(2)).toEqual(filled(5));
  const mixed = local.mixed(2, filled(9), filled(1));
  expect([...mixed]).toEqual([3, 3, 9, 9, 3, 3]);
  local.set({ round: 2, parameters: mixed });
  expect(local.mixed(2, filled(7), filled(1))).toEqual(filled(7));
});

test('a node that did not train in the round before begins with the base', () => {
  const local = new LocalModel({ fragments, localShare: 0.5 });
  local.set({ round: 1, parameters: filled(5) });
  expect(local.early(3)).toBeNull();
  expect(local.begin(3, filled(1))).toEqual(filled(1));
  local.set(null);
  expect(local.early(2)).toBeNull();
});
