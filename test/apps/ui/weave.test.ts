import fc from 'fast-check';
import { expect, test } from 'vitest';
import { dyes, weave, weavingNations } from '../../../apps/ui/weave.ts';

const run = (done: number, rounds: number, part = 0) =>
  weave({
    rounds,
    nations: [0, 1, 2],
    history: Array.from({ length: done }, () => [true, false, true]),
    part,
    picksPerRow: 12,
  });

test('weaves as much of the band as the run has done', () => {
  expect(run(0, 20).woven).toBe(0);
  expect(run(20, 20).woven).toBe(run(20, 20).columns);
  expect(run(10, 20).woven).toBe(run(10, 20).columns / 2);
  expect(run(10, 20, 0.5).woven).toBeGreaterThan(run(10, 20).woven);
});

test('is plain weave: each crossing is under where its neighbours are over', () => {
  const { rows, columns, crossing } = run(20, 20);
  for (const { row } of rows)
    for (let column = 0; column + 1 < columns; column++)
      expect(crossing(row, column) === 'weft').not.toBe(crossing(row, column + 1) === 'weft');
});

test('leaves a strand undyed where its nation took no part', () => {
  const { rows, columns, crossing } = run(20, 20);
  for (const { row, dye } of rows)
    for (let column = 0; column < columns; column++)
      if (crossing(row, column) !== 'weft') expect(crossing(row, column)).toBe(dye === 1 ? 'undyed' : 'dyed');
});

test('keeps to a band and to its dyes for any run', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 100_000 }),
      fc.uniqueArray(fc.integer({ min: 0, max: 300 }), { minLength: 1, maxLength: 60 }),
      fc.double({ min: -1, max: 2, noNaN: true }),
      (rounds, nations, part) => {
        const plan = weave({ rounds, nations, history: [], part, picksPerRow: 12 });
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

test('gives a strand to the nations that are here or were', () => {
  const names = ['Romance', 'Germanic', 'Bantu', 'Slavic'];
  expect(weavingNations(names, ['Slavic', null], [[false, true, false, false]])).toEqual([1, 3]);
});
