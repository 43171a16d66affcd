import { expect, onTestFinished, test } from 'vitest';
import { type Lateness, lateness, watchLoop } from '../../../relay/server/loop-monitor.ts';

test('a loop is late by the time after its timer was due, and blames itself only for what it computed', () => {
  const before = { elapsed: 1000, computed: 300 };
  expect(lateness(before, { elapsed: 1020, computed: 320 }, 20)).toEqual({ delay: 0, held: 0 });
  expect(lateness(before, { elapsed: 1120, computed: 410 }, 20)).toEqual({ delay: 0.1, held: 0.1 });
  expect(lateness(before, { elapsed: 1120, computed: 330 }, 20)).toEqual({ delay: 0.1, held: 0.03 });
  expect(lateness(before, { elapsed: 1015, computed: 310 }, 20)).toEqual({ delay: 0, held: 0 });
});

test('work that holds the loop is seen, and not after the watch is over', async () => {
  const seen: Lateness[] = [];
  const stop = watchLoop((one) => seen.push(one));
  onTestFinished(stop);
  const until = process.threadCpuUsage().user + 100_000;
  while (process.threadCpuUsage().user < until);
  await expect.poll(() => Math.max(...seen.map(({ held }) => held))).toBeGreaterThan(0.05);
  stop();
  const before = seen.length;
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(seen).toHaveLength(before);
});
