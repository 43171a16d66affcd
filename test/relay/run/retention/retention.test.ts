import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isAnchor, removedThrough } from '../../../../relay/run/retention/retention.ts';

test('payloads are removed up to an anchor, and at least the newest rounds keep theirs', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 40 }), fc.nat(200), (payloadRounds, committed) => {
      const limits = { payloadRounds };
      const through = removedThrough(committed, limits);
      expect(through).toBeLessThanOrEqual(Math.max(0, committed - payloadRounds));
      expect(through === 0 || isAnchor(through, limits)).toBe(true);
      // No more than seven rounds wait for the next removal.
      expect(committed - payloadRounds - through).toBeLessThan(8);
      expect(removedThrough(committed + 1, limits)).toBeGreaterThanOrEqual(through);
    }),
  );
});

test('a run that keeps all payloads removes none', () => {
  for (const committed of [0, 7, 8, 1_000_000])
    expect(removedThrough(committed, { payloadRounds: 0 })).toBe(0);
  expect([0, 1, 8, 12, 16].map((round) => isAnchor(round, { payloadRounds: 0 }))).toEqual([
    false,
    false,
    true,
    false,
    true,
  ]);
});
