import { expect, test } from 'vitest';
import { runSeed } from '../../../../apps/cli/simulate/search.ts';
import { machines } from '../../../../apps/cli/simulate/world/machines.ts';
import { seed } from '../../../support/seed.ts';

test('1,000 seeds of faults break no invariant', async () => {
  const found: string[] = [];
  const totals = { events: 0, rounds: 0, acknowledged: 0, abandoned: 0 };
  for (let drawn = seed; drawn < seed + 1000; drawn++) {
    const { violation, events, rounds, acknowledged, abandoned } = await runSeed(drawn);
    if (violation !== null) found.push(`seed ${drawn}: ${violation.invariant}: ${violation.message}`);
    totals.events += events;
    totals.rounds += rounds;
    totals.acknowledged += acknowledged;
    totals.abandoned += abandoned;
  }
  expect(found).toEqual([]);
  // The worlds must do something.
  expect(totals.rounds).toBeGreaterThan(1500);
  expect(totals.acknowledged).toBeGreaterThan(3000);
  expect(totals.abandoned).toBeGreaterThan(100);
  expect(totals.events).toBeGreaterThan(100_000);
});

test('a seed replays every step', async () => {
  for (let drawn = seed; drawn < seed + 20; drawn++) {
    const traces: string[][] = [];
    for (let again = 0; again < 2; again++) {
      const lines: string[] = [];
      await runSeed(drawn, machines, (line) => lines.push(line));
      traces.push(lines);
    }
    expect(traces[0]?.length).toBeGreaterThan(5);
    expect(traces[1]).toEqual(traces[0]);
  }
});
