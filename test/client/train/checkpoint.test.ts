import fc from 'fast-check';
import { expect, test } from 'vitest';
import { presets } from '../../../client/model/config.ts';
import { initialParameters, layoutOf } from '../../../client/model/parameters.ts';
import { decodeCheckpoint, encodeCheckpoint } from '../../../client/train/checkpoint.ts';

const config = { ...presets.nano, layers: 1, dimension: 32, feedForward: 8, vocabularySize: 16 };
const layout = layoutOf(config);
const state = {
  step: 12_345,
  parameters: initialParameters(config, layout, 1),
  firstMoment: initialParameters(config, layout, 2),
  secondMoment: initialParameters(config, layout, 3),
};

test('a state comes back as it was', () => {
  expect(decodeCheckpoint(encodeCheckpoint(state, layout), layout)).toEqual(state);
});

test('a flipped bit or a cut anywhere is noticed', () => {
  const bytes = encodeCheckpoint(state, layout);
  fc.assert(
    fc.property(fc.nat(bytes.length - 1), fc.nat(7), fc.boolean(), (place, bit, cut) => {
      const damaged = cut ? bytes.slice(0, place) : bytes.slice();
      if (!cut) damaged[place] = (damaged[place] ?? 0) ^ (1 << bit);
      expect(() => decodeCheckpoint(damaged, layout)).toThrow(
        expect.objectContaining({ code: 'checkpoint.damaged' }),
      );
    }),
  );
});

test('the state of another model is refused', () => {
  const other = layoutOf({ ...config, tiedHead: false });
  expect(() => decodeCheckpoint(encodeCheckpoint(state, layout), other)).toThrow(
    expect.objectContaining({ code: 'checkpoint.other-model' }),
  );
  expect(() => encodeCheckpoint(state, other)).toThrow(RangeError);
});
