import { expect, test } from 'vitest';
import { testNode } from '../support/relay/run-support.ts';
import { seed } from '../support/seed.ts';
import { simulate } from './faulty-run.ts';

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
