import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  formatBytes,
  formatClock,
  formatCount,
  formatDuration,
  formatLoss,
  formatShare,
  timesLess,
} from '../../../apps/ui/format.ts';

test.each([
  [0, '0'],
  [999, '999'],
  [12_345, '12,345'],
  [99_999, '99,999'],
  [1_234_567, '1.23M'],
])('counts %d as %s', (value, text) => expect(formatCount(value)).toBe(text));

test.each([
  [0, '0 bytes'],
  [999, '999 bytes'],
  [1_000, '1 kB'],
  [530_192, '530 kB'],
  [999_600, '1 MB'],
  [1_234_567, '1.23 MB'],
  [4.2e15, '4.2 PB'],
])('writes %d bytes as %s', (value, text) => expect(formatBytes(value)).toBe(text.replace(' ', '\u00a0')));

test('uses the larger unit from a thousand on', () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 9e14, noNaN: true }), (bytes) => {
      const number = Number(formatBytes(bytes).split('\u00a0')[0]?.replaceAll(',', ''));
      expect(number).toBeLessThan(1000);
    }),
  );
});

test.each([
  [-5, '0:00'],
  [0, '0:00'],
  [1, '0:01'],
  [42_000, '0:42'],
  [59_001, '1:00'],
  [725_000, '12:05'],
  [3_729_000, '1:02:09'],
])('writes %d ms as %s', (value, text) => expect(formatDuration(value)).toBe(text));

test('shows a dash where there is no number', () => {
  expect(formatLoss(null)).toBe('–');
  expect(formatLoss(Number.NaN)).toBe('–');
  expect(formatLoss(2.3456)).toBe('2.346');
  expect(formatShare(0, 0)).toBe('–');
  expect(formatShare(25_600, 76_800)).toBe('33.3%');
});

test('says how many times less was sent, and nothing if it was not less', () => {
  expect(timesLess(1_000, 80_000)).toBe('×80');
  expect(timesLess(0, 80_000)).toBeNull();
  expect(timesLess(1_000, 900)).toBeNull();
});

test('writes the time of today, and the day before the time of another day', () => {
  const at = (day: number, hour: number) => new Date(2026, 4, day, hour, 32).getTime();
  expect(formatClock(at(4, 14), at(4, 9))).toMatch(/^2:32\sPM$/);
  expect(formatClock(at(5, 9), at(4, 23))).toMatch(/^Tue, May 5, 9:32\sAM$/);
});
