import fc from 'fast-check';
import { expect, test } from 'vitest';
import { farewell, followNodes, type Node } from '../../../apps/dashboard/node-list.ts';
import { scriptedStatus } from '../../support/pages/scenarios.ts';

const all = scriptedStatus({ rounds: 2, done: 1, nodes: 5, now: 0 }).nodes;
const ids = (shown: ReturnType<typeof followNodes>) => shown.map(({ node }) => node.id);

test('keeps the order, puts new nodes last and shows the card of a leaving node for a while', () => {
  const [a, b, c] = all;
  if (!a || !b || !c) throw new Error('the scenario has nodes');
  const first = followNodes([], [a, b], 0);
  const second = followNodes(first, [c, b], 100);
  expect(ids(second)).toEqual([a.id, b.id, c.id]);
  expect(second.map(({ leaving }) => leaving)).toEqual([true, false, false]);
  expect(ids(followNodes(second, [c, b], 100 + farewell - 1))).toEqual([a.id, b.id, c.id]);
  expect(ids(followNodes(second, [c, b], 100 + farewell))).toEqual([b.id, c.id]);
});

test('a node that returns in time no longer counts as leaving', () => {
  const [a] = all;
  if (!a) throw new Error('the scenario has nodes');
  const gone = followNodes(followNodes([], [a], 0), [], 10);
  expect(followNodes(gone, [a], 20)).toEqual([{ node: a, leaving: false, since: 20 }]);
});

test('shows each present node once, after any history', () => {
  fc.assert(
    fc.property(fc.array(fc.subarray(all), { maxLength: 12 }), (visits: Node[][]) => {
      let shown: ReturnType<typeof followNodes> = [];
      for (const [time, nodes] of visits.entries()) {
        shown = followNodes(shown, nodes, time * 600);
        expect(new Set(ids(shown)).size).toBe(shown.length);
        const present = shown.filter(({ leaving }) => !leaving).map(({ node }) => node.id);
        expect(new Set(present)).toEqual(new Set(nodes.map(({ id }) => id)));
      }
    }),
  );
});
