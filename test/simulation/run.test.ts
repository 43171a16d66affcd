import { expect, test } from 'vitest';
import { checkEntry } from '../../relay/journal/entry.ts';
import { testNode } from '../support/relay/run-support.ts';
import { seed } from '../support/seed.ts';
import { simulate } from './faulty-run.ts';
import { type FaultyTerms, guardedTerms, helocoTerms, measuredTerms, upperTerms } from './faulty-terms.ts';

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

/** Runs seeds of a run with these terms; what happened in all of them, and how their journals went on. */
async function totalsOf(terms: FaultyTerms, runs: number) {
  const nodes = await Promise.all([1, 2, 3, 4].map(testNode));
  const totals = { crashes: 0, acknowledged: 0, again: 0, late: 0, refusedByGuard: 0, parts: 0, resting: 0 };
  for (let drawn = seed; drawn < seed + runs; drawn++) {
    const simulation = await simulate(drawn, nodes, {}, terms).catch((error: unknown) => {
      throw new Error(`seed ${drawn}`, { cause: error });
    });
    for (const name of ['crashes', 'again'] as const) totals[name] += simulation[name];
    totals.acknowledged += simulation.acknowledged.length;
    let [open, wholes] = [0, 0];
    for (const [i, stored] of simulation.journal.entries.entries()) {
      const entry = checkEntry(stored, simulation.journal.entries[i - 1] ?? null);
      if (entry.kind === 'round-opened') [open, wholes] = [entry.body.round, 0];
      if (entry.kind === 'contribution-accepted' && entry.body.part === 'whole') wholes++;
      if (entry.kind === 'contribution-accepted' && entry.body.part === 'upper') totals.parts++;
      if (entry.kind === 'round-committed' && wholes === 0) totals.resting++;
      if (entry.kind === 'contribution-accepted' && entry.body.round < open) totals.late++;
      if (entry.kind === 'round-abandoned' && entry.body.loss !== null) totals.refusedByGuard++;
    }
  }
  expect(totals.crashes).toBeGreaterThan(2 * runs);
  return totals;
}

test('faults of the stores lose nothing in a run with measured quality, and the verifier derives its bases', async () => {
  const runs = 40;
  const totals = await totalsOf(measuredTerms, runs);
  expect(totals.acknowledged).toBeGreaterThan(5 * runs);
  expect(totals.again).toBeGreaterThan(runs / 4);
});

test('faults of the stores lose nothing where the guard refuses bases', async () => {
  const runs = 10;
  const totals = await totalsOf(guardedTerms, runs);
  expect(totals.acknowledged).toBeGreaterThan(6 * runs);
  expect(totals.refusedByGuard).toBeGreaterThan(runs);
});

// Once the test itself waited for the answer to an arrival that no round took, and let neither time pass nor another node contribute.
test('faults of the stores lose no arrival, and the bases are those of delayed Nesterov with HeLoCo', async () => {
  const runs = 15;
  const totals = await totalsOf(helocoTerms, runs);
  expect(totals.acknowledged).toBeGreaterThan(7 * runs);
  expect(totals.late).toBeGreaterThan(0);
});

test('faults of the stores lose nothing of whole deltas and of parts, and each range has the bases of its contributions', async () => {
  const runs = 15;
  const totals = await totalsOf(upperTerms, runs);
  expect(totals.acknowledged).toBeGreaterThan(8 * runs);
  expect(totals.parts).toBeGreaterThan(4 * runs);
  // Rounds to whose lower range nobody contributed.
  expect(totals.resting).toBeGreaterThan(runs / 3);
});
