import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { KeyedRates, RateLimit } from '../../../../relay/server/budget/rates.ts';

describe('RateLimit', () => {
  test('allows the burst at once, then the average rate, at any times of use', () => {
    const gaps = fc.array(fc.integer({ min: 0, max: 500 }), { minLength: 1, maxLength: 200 });
    fc.assert(
      fc.property(
        gaps,
        fc.integer({ min: 1, max: 50 }),
        fc.integer({ min: 1, max: 20 }),
        (waits, perSecond, burst) => {
          const rate = new RateLimit(perSecond, burst, 0);
          let now = 0;
          let spent = 0;
          for (const wait of waits) {
            now += wait;
            if (rate.spend(now)) spent++;
            expect(spent).toBeLessThanOrEqual(burst + (now / 1000) * perSecond + 1e-6);
          }
          // A long enough wait always allows another.
          expect(rate.spend(now + 1000 / perSecond + 1)).toBe(true);
        },
      ),
    );
  });

  test('a clock that steps back allows nothing more', () => {
    const rate = new RateLimit(1000, 1, 1000);
    expect(rate.spend(1000)).toBe(true);
    expect(rate.spend(500)).toBe(false);
  });
});

test('KeyedRates limits each key to its rate and remembers a bounded number of keys', () => {
  const rates = new KeyedRates(1, 2, 3);
  expect([rates.spend('a', 0), rates.spend('a', 0), rates.spend('a', 0)]).toEqual([true, true, false]);
  for (const key of ['b', 'b', 'c', 'a']) rates.spend(key, 0);
  rates.spend('d', 0);
  // 'b' is the least recently used, and forgotten.
  expect([rates.spend('a', 0), rates.spend('b', 0, 2)]).toEqual([false, true]);
  expect([rates.spend('a', 1000, 2), rates.spend('a', 1000)]).toEqual([false, true]);
});
