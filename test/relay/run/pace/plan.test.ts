import fc from 'fast-check';
import { expect, test } from 'vitest';
import { PaceMeasures } from '../../../../relay/run/pace/measures.ts';
import { type PacedNodeTimes, type PaceSettings, planOf } from '../../../../relay/run/pace/plan.ts';

const settings: PaceSettings = {
  localSteps: 30,
  leastSteps: 1,
  stretch: 200,
  deadlineMs: 600_000,
  graceMs: 15_000,
  graceShare: 50,
};
const node = (stepMs: number, missed = 0): PacedNodeTimes => ({
  times: { overheadMs: 0, stepMs, uploadMs: 500 },
  missed,
});

test('a round lasts until the fastest node has done its local steps', () => {
  expect(planOf([node(10), node(60)], settings)).toEqual({ workMs: 315, graceMs: 1000 });
});

test('it lasts longer where a slower node needs that for its least steps, up to the stretch', () => {
  const many = Array.from({ length: 8 }, () => node(10));
  expect(planOf([...many, node(400)], settings)?.workMs).toBe(500);
  expect(planOf([...many, node(600)], settings)?.workMs).toBe(315);
});

test('a node that missed a round has twice the time, until it needs more than a round lasts', () => {
  const many = Array.from({ length: 8 }, () => node(10));
  expect(planOf([...many, node(200, 1)], settings)?.workMs).toBe(500);
  expect(planOf([...many, node(200, 2)], settings)?.workMs).toBe(315);
});

test('a node that claims to be very fast does not shut out most of the others', () => {
  expect(planOf([node(0.001), node(100), node(100)], settings)?.workMs).toBe(125);
});

test('nodes that miss rounds lengthen none while most contribute, and do where most miss them', () => {
  const served = Array.from({ length: 6 }, () => node(100));
  const late = (count: number, missed: number) => Array.from({ length: count }, () => node(4000, missed));
  // The fastest needs 3.15 s for its local steps, and a late one 5 s for its least.
  for (const missed of [0, 1, 2, 2000])
    expect(planOf([...served, ...late(5, missed)], settings)?.workMs).toBe(missed === 0 ? 5000 : 3150);
  // Of 13 nodes six contribute: the place in the middle is that of a late one, with twice its time.
  expect(planOf([...served, ...late(7, 1)], settings)?.workMs).toBe(10_000);
});

test('a round lasts up to the stretch of what most need, however fast the fastest is', () => {
  // What most need is 1.25 s.
  const crowd = Array.from({ length: 6 }, () => node(1000));
  expect(planOf([node(0.001), ...crowd, node(1900)], settings)?.workMs).toBe(2375);
  expect(planOf([node(0.001), ...crowd, node(2100)], settings)?.workMs).toBe(1250);
});

test('nodes that missed a round and are not measured count as slower than the others', () => {
  const served = Array.from({ length: 4 }, () => node(1000));
  const unknown = (missed: number): PacedNodeTimes => ({ times: null, missed });
  const starved = (missed: number) => Array.from({ length: 6 }, () => unknown(missed));
  const waitsFor = planOf([node(0.001), ...served, ...starved(0)], settings);
  expect(waitsFor?.workMs).toBe(1250);
  // More than half of the nodes are not measured: those that missed a round count as slower than the one of 4.875 s.
  expect(planOf([node(0.001), ...served, ...starved(1), node(3900)], settings)?.workMs).toBe(4875);
});

test('without a measured node there is no plan', () => {
  expect(planOf([{ times: null, missed: 0 }], settings)).toBeNull();
});

test('a plan never passes the deadline, and the nodes within its limit can do their least steps', () => {
  const time = fc.double({ min: 0, max: 1e6, noNaN: true });
  const drawn = fc.record({
    times: fc.option(
      fc.record({ overheadMs: time, stepMs: time, uploadMs: fc.option(time, { nil: null }) }),
      { nil: null },
    ),
    missed: fc.nat(40),
  });
  fc.assert(
    fc.property(fc.array(drawn, { minLength: 1, maxLength: 9 }), (nodes) => {
      const plan = planOf(nodes, settings);
      if (plan === null) {
        expect(nodes.every(({ times }) => times === null)).toBe(true);
        return;
      }
      expect(plan.workMs).toBeGreaterThanOrEqual(0);
      expect(plan.graceMs).toBeGreaterThanOrEqual(1000);
      expect(plan.workMs + plan.graceMs).toBeLessThanOrEqual(settings.deadlineMs);
    }),
  );
});

test('work from before a round, offered again, does not make its node look fast', () => {
  const measures = new PaceMeasures(8);
  measures.opened(['a'], true, 0);
  measures.offered('a', 10, 1000);
  measures.accepted('a', 1200);
  expect(measures.of('a').times).toEqual({ overheadMs: 0, stepMs: 100, uploadMs: 200 });
  // The second attempt at the round.
  measures.opened(['a'], false, 5000);
  measures.offered('a', 10, 5001);
  measures.accepted('a', 5101);
  expect(measures.of('a').times).toEqual({ overheadMs: 0, stepMs: 100, uploadMs: 100 });
  // A node that comes back began when it was here first.
  measures.opened(['a'], true, 6000);
  measures.joined('a', true, 6900);
  measures.offered('a', 10, 7000);
  measures.accepted('a', 7100);
  expect(measures.of('a').times?.stepMs).toBe(100);
});

test('a report after the first contribution divides its time into steps and the rest', () => {
  const measures = new PaceMeasures(8);
  measures.opened(['a'], true, 0);
  measures.offered('a', 10, 60_000);
  measures.accepted('a', 60_500);
  expect(measures.of('a').times).toEqual({ overheadMs: 0, stepMs: 6000, uploadMs: 500 });
  const { changes } = measures;
  measures.reported('a', 10, 7, 61_000);
  expect(measures.of('a').times).toEqual({ overheadMs: 59_930, stepMs: 7, uploadMs: 500 });
  expect(measures.changes).toBeGreaterThan(changes);
  // Only the first one: what is measured from then on is divided at once.
  measures.reported('a', 10, 9, 62_000);
  expect(measures.of('a').times?.stepMs).toBe(7);
});
