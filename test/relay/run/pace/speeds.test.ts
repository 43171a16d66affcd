import { expect, test } from 'vitest';
import { Speeds } from '../../../../relay/run/pace/speeds.ts';

const settings = { localSteps: 40, leastSteps: 5, maxStaleness: 4 };

test('a node is told floor(v / vmax * H) steps, at least the least, and all of them until it is measured', () => {
  const speeds = new Speeds(settings, 32, 8);
  const nodes = ['1x', '4x', '40x'];
  for (const node of nodes) speeds.joined(node, 0);
  speeds.opened(1, 1000, nodes);
  expect(nodes.map((node) => speeds.stepsOf(node))).toEqual([40, 40, 40]);
  for (const [node, stepMs] of [
    ['1x', 10],
    ['4x', 39],
    ['40x', 400],
  ] as const)
    speeds.offered(node, { round: 1, steps: 40 }, 1000 + 40 * stepMs);
  expect(nodes.map((node) => speeds.stepsOf(node))).toEqual([40, 10, 5]);
  // From the next opening on without the fastest, the next one has all steps.
  speeds.opened(2, 2000, ['4x', '40x']);
  expect(speeds.stepsOf('4x')).toBe(40);
  // The fastest comes back.
  speeds.joined('1x', 2100);
  expect(speeds.stepsOf('4x')).toBe(10);
});

test('the steps of a node settle where it arrives as often as the fastest, however long its downloads take', () => {
  const speeds = new Speeds(settings, 32, 8);
  const overhead = 300;
  const stepMs = new Map([
    ['fast', 10],
    ['slow', 40],
  ]);
  for (const node of stepMs.keys()) speeds.joined(node, 0);
  let steps = 40;
  for (let round = 1; round <= 20; round++) {
    const at = round * 10_000;
    speeds.opened(round, at, stepMs.keys());
    for (const [node, own] of stepMs) {
      const done = speeds.stepsOf(node);
      speeds.reported(node, done, 32_000 / own);
      speeds.offered(node, { round, steps: done }, at + overhead + done * own);
    }
    steps = speeds.stepsOf('slow');
  }
  expect(steps).toBe(10);
});

test('work from before the node joined, or from a round that is forgotten, tells nothing; what the journal has serves until then', () => {
  const speeds = new Speeds(settings, 32, 8);
  speeds.resume(
    new Map([
      ['old', { stepMs: 20 }],
      ['new', { stepMs: null }],
    ]),
  );
  const nodes = ['old', 'new'];
  speeds.opened(1, 10, ['old']);
  speeds.joined('new', 50);
  speeds.offered('new', { round: 1, steps: 40 }, 11);
  expect(speeds.stepsOf('new')).toBe(40);
  expect(speeds.stepsOf('old')).toBe(40);
  for (let round = 2; round <= 6; round++) speeds.opened(round, 100 * round, nodes);
  speeds.offered('new', { round: 1, steps: 40 }, 640);
  speeds.offered('new', { round: 6, steps: 4 }, 640);
  expect(speeds.stepsOf('old')).toBe(20);
});

test('what a node is told costs O(1), however many are connected', () => {
  const speeds = new Speeds(settings, 32, 10_000);
  let looks = 0;
  const nodes = Array.from({ length: 5000 }, (_, node) => `${node}`);
  function* taking() {
    for (const node of nodes) {
      looks++;
      yield node;
    }
  }
  for (const node of nodes) speeds.joined(node, 0);
  speeds.opened(1, 0, taking());
  for (const node of nodes) {
    speeds.offered(node, { round: 1, steps: 40 }, 4000 + 40 * Number(node));
    speeds.stepsOf(node);
  }
  expect(looks).toBe(nodes.length);
  expect(speeds.stepsOf('0')).toBe(40);
  expect(speeds.stepsOf('100')).toBe(20);
});
