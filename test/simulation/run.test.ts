import { expect, test } from 'vitest';
import { testNode } from '../support/relay/run-support.ts';
import { seed } from '../support/seed.ts';
import { simulate } from './faulty-run.ts';
import { measuredTerms } from './faulty-terms.ts';

test('acknowledged contributions survive faults of the stores and count once', async () => {
  const nodes = await Promise.all([1, 2, 3, 4].map(testNode));
  let crashes = 0;
  let troubles = 0;
  let acknowledged = 0;
  let conflicts = 0;
  let fences = 0;
  let again = 0;
  const runs = 100;
  for (let run = 0; run < runs; run++) {
    const drawn = seed + run;
    const simulation = await simulate(drawn, nodes).catch((error: unknown) => {
      throw new Error(`seed ${drawn}`, { cause: error });
    });
    crashes += simulation.crashes;
    troubles += simulation.troubles;
    acknowledged += simulation.acknowledged.length;
    conflicts += simulation.conflicts;
    fences += simulation.fences;
    again += simulation.again;
  }
  // The test proves nothing unless the faults happened.
  expect(crashes).toBeGreaterThan(2 * runs);
  expect(troubles).toBeGreaterThan(runs / 2);
  expect(acknowledged).toBeGreaterThan(6 * runs);
  expect(conflicts).toBeGreaterThan(runs);
  expect(fences).toBeGreaterThan(runs / 2);
  expect(again).toBeGreaterThan(runs / 2);
});

test('faults of the stores lose nothing in a run with measured quality, and the verifier derives its bases', async () => {
  const nodes = await Promise.all([1, 2, 3, 4].map(testNode));
  const totals = { crashes: 0, acknowledged: 0, again: 0 };
  const runs = 40;
  for (let drawn = seed; drawn < seed + runs; drawn++) {
    const simulation = await simulate(drawn, nodes, {}, measuredTerms).catch((error: unknown) => {
      throw new Error(`seed ${drawn}`, { cause: error });
    });
    for (const name of ['crashes', 'again'] as const) totals[name] += simulation[name];
    totals.acknowledged += simulation.acknowledged.length;
  }
  expect(totals.crashes).toBeGreaterThan(2 * runs);
  expect(totals.acknowledged).toBeGreaterThan(5 * runs);
  expect(totals.again).toBeGreaterThan(runs / 4);
});
