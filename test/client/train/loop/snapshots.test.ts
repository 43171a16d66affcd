import { expect, test } from 'vitest';
import { SnapshotSchedule } from '../../../../client/train/loop/snapshots.ts';

test('snapshots take at most a twentieth of the time, with at least a second between them', async () => {
  let now = 0;
  const schedule = new SnapshotSchedule(() => now);
  let spent = 0;
  let taken = 0;
  for (let step = 0; step < 5000; step++) {
    now += 20;
    if (!schedule.due) continue;
    taken++;
    const cost = 10 * (1 + (taken % 30));
    await schedule.take(async () => {
      now += cost;
    });
    spent += cost;
  }
  expect(spent / now).toBeLessThan(0.055);
  expect(taken).toBeLessThanOrEqual(now / 1000);
  expect(taken).toBeGreaterThan(10);
});
