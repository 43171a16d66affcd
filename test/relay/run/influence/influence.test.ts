import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cappedTokens } from '../../../../relay/run/influence/cap.ts';
import { fatesOf } from '../../../../relay/run/influence/fates.ts';

const sumOf = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0);

test('no contribution weighs more than its share, and the cap is the greatest that holds', () => {
  const tokens = fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 9 });
  fc.assert(
    fc.property(tokens, fc.integer({ min: 1, max: 99 }), (given, share) => {
      const capped = cappedTokens(given, share);
      const holds = (cap: number) => 100 * cap <= share * sumOf(given.map((own) => Math.min(own, cap)));
      const holding = Array.from({ length: 60 }, (_, i) => i + 1).filter(holds);
      const cap = holding.at(-1) ?? Math.min(...given);
      expect(capped).toEqual(given.map((own) => Math.min(own, cap)));
      const most = Math.max(...capped);
      if (holding.length > 0) expect(100 * most).toBeLessThanOrEqual(share * sumOf(capped));
    }),
  );
});

test('a share that each contribution is below changes nothing', () => {
  expect(cappedTokens([30, 30, 40], 40)).toEqual([30, 30, 40]);
  expect(cappedTokens([1, 1_000_000], 100)).toEqual([1, 1_000_000]);
  // 1 token of 10 in all: the other would have 90 per cent.
  expect(cappedTokens([1, 9], 50)).toEqual([1, 1]);
});

test('a fate names the main reason, and the weights of a round add up to 1', () => {
  const merged = { shares: [1, 0.5, 0, 0.75], excluded: [2] };
  const fates = fatesOf([10, 10, 10, 40], [10, 10, 10, 20], merged, 'robustMean');
  expect(fates.map(({ outcome }) => outcome)).toEqual(['included', 'scaled', 'left-out', 'capped']);
  expect(fates.map(({ share }) => share)).toEqual([1, 0.5, 0, 0.375]);
  expect(sumOf(fates.map(({ weight }) => weight))).toBeCloseTo(1, 12);
  expect(fates[3]?.weight).toBe(15 / 30);
  expect(fatesOf([10], [10], { shares: [0.5], excluded: [] }, 'ties')[0]?.outcome).toBe('trimmed');
});

test('a soup weighs all alike', () => {
  const fates = fatesOf([10, 90], [10, 90], { shares: [1, 1], excluded: [] }, 'soup');
  expect(fates.map(({ weight }) => weight)).toEqual([0.5, 0.5]);
});
