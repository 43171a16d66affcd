import fc from 'fast-check';
import { expect, test } from 'vitest';
import { dyes, participation, weave, weavingCorpora } from '../../../apps/ui/weave.ts';

const run = (done: number, rounds: number, part = 0) =>
  weave({
    rounds,
    corpora: [0, 1, 2],
    history: Array.from({ length: done }, () => [true, false, true]),
    part,
    picksPerRow: 12,
  });

test("weaves the band in proportion to the run's progress", () => {
  expect(run(0, 20).woven).toBe(0);
  expect(run(20, 20).woven).toBe(run(20, 20).columns);
  expect(run(10, 20).woven).toBe(run(10, 20).columns / 2);
  expect(run(10, 20, 0.5).woven).toBeGreaterThan(run(10, 20).woven);
});

test('is a plain weave: each crossing is under if its neighbours are over', () => {
  const { rows, columns, crossing } = run(20, 20);
  for (const { row } of rows)
    for (let column = 0; column + 1 < columns; column++)
      expect(crossing(row, column) === 'weft').not.toBe(crossing(row, column + 1) === 'weft');
});

test('leaves a strand undyed in rounds without its corpus', () => {
  const { rows, columns, crossing } = run(20, 20);
  for (const { row, dye } of rows)
    for (let column = 0; column < columns; column++)
      if (crossing(row, column) !== 'weft') expect(crossing(row, column)).toBe(dye === 1 ? 'undyed' : 'dyed');
});

test('stays within the limits of band and dyes for any run', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 100_000 }),
      fc.uniqueArray(fc.integer({ min: 0, max: 300 }), { minLength: 1, maxLength: 60 }),
      fc.double({ min: -1, max: 2, noNaN: true }),
      (rounds, corpora, part) => {
        const plan = weave({ rounds, corpora, history: [], part, picksPerRow: 12 });
        expect(plan.rows.length).toBeGreaterThan(0);
        expect(plan.rows.length).toBeLessThanOrEqual(dyes);
        expect(plan.columns).toBeGreaterThan(0);
        expect(plan.columns).toBeLessThanOrEqual(150);
        expect(plan.woven).toBeGreaterThanOrEqual(0);
        expect(plan.woven).toBeLessThanOrEqual(plan.columns);
        for (const { dye } of plan.rows) expect(dye).toBeLessThan(dyes);
      },
    ),
  );
});

test('gives a strand to each corpus that takes part or took part', () => {
  const names = ['Romance', 'Germanic', 'Bantu', 'Slavic'];
  expect(weavingCorpora(names, ['Slavic', null], [[false, true, false, false]])).toEqual([1, 3]);
});

test('rounds that a status leaves out are drawn like the next that it has', () => {
  const row = {
    contributions: 1,
    excluded: 0,
    tokens: 1,
    probeLoss: null,
    trainingLoss: 1,
    committedAt: 0,
    base: '',
  };
  const shown = participation([
    { ...row, round: 2, heldOutLoss: [1, null] },
    { ...row, round: 3, heldOutLoss: [null, 1] },
  ]);
  expect(shown).toEqual([
    [true, false],
    [true, false],
    [false, true],
  ]);
});
