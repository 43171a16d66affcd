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
  const whole = [10, 10, 10, 40, 40, 40].map((tokens) => ({ tokens, reason: null }));
  const weighed = [
    ...whole.slice(0, 4),
    { tokens: 0, reason: 'copy' as const },
    { tokens: 10, reason: 'short' as const },
  ];
  const merges = [1, 0.5, 0, 0.75, 1].map((share, i) => ({
    index: [0, 1, 2, 3, 5][i] ?? 0,
    tokens: [10, 10, 10, 20, 10][i] ?? 0,
    share,
  }));
  const round = { range: { length: 7 }, present: [0, 1, 2, 3, 4, 5], merges, excluded: [2] };
  const fates = fatesOf([10, 10, 10, 40, 40, 40], weighed, [round], 'robustMean');
  expect(fates.map(({ outcome }) => outcome)).toEqual([
    'included',
    'scaled',
    'left-out',
    'capped',
    'copy',
    'short',
  ]);
  expect(fates.map(({ share }) => share)).toEqual([1, 0.5, 0, 0.375, 0, 0.25]);
  expect(sumOf(fates.map(({ weight }) => weight))).toBeCloseTo(1, 12);
  expect(fates[3]?.weight).toBe(15 / 40);
  const half = {
    ...{ range: { length: 7 }, present: [0] },
    ...{ merges: [{ index: 0, tokens: 10, share: 0.5 }], excluded: [] },
  };
  expect(fatesOf([10], whole, [half], 'ties')[0]?.outcome).toBe('trimmed');
});

test('a soup weighs all alike', () => {
  const weighed = [10, 90].map((tokens) => ({ tokens, reason: null }));
  const merges = weighed.map(({ tokens }, index) => ({ index, tokens, share: 1 }));
  const round = { range: { length: 7 }, present: [0, 1], merges, excluded: [] };
  const fates = fatesOf([10, 90], weighed, [round], 'soup');
  expect(fates.map(({ weight }) => weight)).toEqual([0.5, 0.5]);
});
