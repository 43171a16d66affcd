import fc from 'fast-check';
import { expect, test } from 'vitest';
import { learningRateAt, type Schedule } from '../../../../client/train/optimizer/schedule.ts';

const common = { peak: 0.01, warmupSteps: 10, totalSteps: 110, finalFraction: 0.1 };

test('a cosine schedule rises to its peak, is half way down in the middle and ends at its final fraction', () => {
  const schedule: Schedule = { ...common, kind: 'cosine' };
  expect(learningRateAt(0, schedule)).toBeCloseTo(0.001);
  expect(learningRateAt(9, schedule)).toBe(0.01);
  expect(learningRateAt(10, schedule)).toBe(0.01);
  expect(learningRateAt(60, schedule)).toBeCloseTo(0.0055);
  expect(learningRateAt(110, schedule)).toBeCloseTo(0.001);
  expect(learningRateAt(1000, schedule)).toBeCloseTo(0.001);
});

test('a stable schedule stays at its peak until the decay, which is half way down after a quarter', () => {
  const schedule: Schedule = { ...common, kind: 'warmup-stable-decay', decaySteps: 40 };
  expect(learningRateAt(0, schedule)).toBeCloseTo(0.001);
  for (const step of [9, 10, 40, 70]) expect(learningRateAt(step, schedule)).toBe(0.01);
  expect(learningRateAt(71, schedule)).toBeLessThan(0.01);
  expect(learningRateAt(80, schedule)).toBeCloseTo(0.0055);
  expect(learningRateAt(110, schedule)).toBeCloseTo(0.001);
  expect(learningRateAt(1000, schedule)).toBeCloseTo(0.001);
});

test('no schedule leaves (0, peak], or rises after warm-up', () => {
  const kinds: fc.Arbitrary<(steps: typeof common) => Schedule> = fc.oneof(
    fc.constant((steps: typeof common) => ({ ...steps, kind: 'cosine' as const })),
    fc.nat(300).map((decaySteps) => (steps: typeof common) => ({
      ...steps,
      kind: 'warmup-stable-decay' as const,
      decaySteps,
    })),
  );
  fc.assert(
    fc.property(
      kinds,
      fc.nat(300),
      fc.nat(50),
      fc.integer({ min: 1, max: 200 }),
      (make, step, warmupSteps, totalSteps) => {
        const schedule = make({ ...common, warmupSteps, totalSteps });
        const rate = learningRateAt(step, schedule);
        expect(rate).toBeGreaterThan(0);
        expect(rate).toBeLessThanOrEqual(schedule.peak);
        if (step >= warmupSteps) expect(learningRateAt(step + 1, schedule)).toBeLessThanOrEqual(rate);
      },
    ),
  );
});
