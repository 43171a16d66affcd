import { expect, test } from 'vitest';
import { joinedAt, rateAfterJoining } from '../../../../client/contribute/round/rejoin.ts';
import { learningRateAt, type Schedule } from '../../../../client/train/optimizer/schedule.ts';

const schedule: Schedule = { kind: 'cosine', peak: 1, warmupSteps: 50, totalSteps: 1000, finalFraction: 0.1 };

test('a node counts as one that joined when it comes after the first round, or missed two in a row', () => {
  expect(joinedAt({ round: 1, before: null, staleness: 0 }, null, 0)).toBeNull();
  expect(joinedAt({ round: 2, before: null, staleness: 0 }, null, 0)).toBe(0);
  expect(joinedAt({ round: 5, before: 4, staleness: 0 }, null, 160)).toBeNull();
  expect(joinedAt({ round: 6, before: 4, staleness: 0 }, null, 160)).toBeNull();
  expect(joinedAt({ round: 7, before: 4, staleness: 0 }, null, 160)).toBe(160);
  // It stays so until it has warmed up.
  expect(joinedAt({ round: 8, before: 7, staleness: 0 }, 160, 200)).toBe(160);
});

test('the rate rises over thirty steps after a node joined, to that of the schedule', () => {
  const at = 700;
  const scheduled = learningRateAt(at, schedule);
  expect(rateAfterJoining(schedule, at, null)).toBe(scheduled);
  const rates = Array.from({ length: 31 }, (_, i) => rateAfterJoining(schedule, at, i + 1));
  expect(rates[0]).toBeCloseTo(scheduled / 30, 12);
  expect(rates[14]).toBeCloseTo(scheduled / 2, 12);
  expect(rates.slice(29)).toEqual([scheduled, scheduled]);
});

test('a short run has a warm-up no longer than its own', () => {
  const short = { ...schedule, warmupSteps: 4 };
  expect(rateAfterJoining(short, 500, 2)).toBeCloseTo(learningRateAt(500, short) / 2, 12);
  expect(rateAfterJoining(short, 500, 4)).toBe(learningRateAt(500, short));
  expect(rateAfterJoining({ ...schedule, warmupSteps: 0 }, 500, 1)).toBe(
    learningRateAt(500, { ...schedule, warmupSteps: 0 }),
  );
});
