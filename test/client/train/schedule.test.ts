import fc from 'fast-check';
import { expect, test } from 'vitest';
import { learningRateAt } from '../../../client/train/schedule.ts';

const schedule = { peak: 0.01, warmupSteps: 10, totalSteps: 110, finalFraction: 0.1 };

test('the rate rises to its peak, passes the middle half way down and ends at its final fraction', () => {
  expect(learningRateAt(0, schedule)).toBeCloseTo(0.001);
  expect(learningRateAt(9, schedule)).toBe(0.01);
  expect(learningRateAt(10, schedule)).toBe(0.01);
  expect(learningRateAt(60, schedule)).toBeCloseTo(0.0055);
  expect(learningRateAt(110, schedule)).toBeCloseTo(0.001);
  expect(learningRateAt(1000, schedule)).toBeCloseTo(0.001);
});

test('it never leaves (0, peak], and never rises after warm-up', () => {
  fc.assert(
    fc.property(
      fc.nat(300),
      fc.nat(50),
      fc.integer({ min: 1, max: 200 }),
      (step, warmupSteps, totalSteps) => {
        const own = { ...schedule, warmupSteps, totalSteps };
        const rate = learningRateAt(step, own);
        expect(rate).toBeGreaterThan(0);
        expect(rate).toBeLessThanOrEqual(own.peak);
        if (step >= warmupSteps) expect(learningRateAt(step + 1, own)).toBeLessThanOrEqual(rate);
      },
    ),
  );
});
