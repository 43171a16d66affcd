import { afterEach, expect, test } from 'vitest';
import { folderSource } from '../../../relay/verify/folder-source.ts';
import { Stage, tinyRun } from '../../support/contribute/harness.ts';
import { reportOf } from '../../support/relay/written-run.ts';

const stage = new Stage();
afterEach(() => stage.close());

const localSteps = 40;

test('nodes whose power is 1, a quarter and an eighth train an asynchronous run over sockets, follow it by deltas, and it verifies', async () => {
  const rounds = 24;
  const create = tinyRun({
    ...{ rounds, localSteps, quorum: 1, target: 1, arrivals: { maxStaleness: 16, leastSteps: 5 } },
    downlink: { case: 'denseDeltas', value: { bits: 4, block: 64, exponent: -20, maxShift: 16 } },
    strategy: {
      outer: {
        case: 'delayedNesterov',
        value: {
          ...{ learningRate: 0.7, momentum: 0.5, period: 3 },
          correction: { case: 'uncorrected', value: {} },
        },
      },
    },
  });
  const folder = await stage.folder();
  const relay = await stage.relay({ folder, create });
  const nodes = [];
  for (const [i, power] of [1, 0.25, 0.125].entries()) {
    const corpusName = i % 2 === 0 ? 'even' : 'odd';
    nodes.push(stage.node(await stage.folder(), relay.url, { power, seed: i + 1, corpusName }));
  }
  for (const node of nodes) expect(await node.done).toBeUndefined();
  expect(relay.status().round.phase).toBe('complete');
  // A base of each arrival, and all of them are contributions that a node has a receipt of.
  expect(relay.status().history.map(({ contributions }) => contributions)).toEqual(
    Array.from({ length: rounds }, () => 1),
  );
  const counts = nodes.map((node) => node.all('acknowledged').length);
  expect(counts.reduce((sum, count) => sum + count, 0)).toBe(rounds);
  expect(Math.min(...counts)).toBeGreaterThanOrEqual(1);
  // The relay tells nodes fewer steps once it has measured them, and at least five. How many depends on the clock here: a step of this
  // model is short beside a round's overhead. test/relay/run/pace has the exact numbers.
  const steps = nodes.map((node) => node.all('contribution').map((one) => one.steps));
  expect(Math.max(...(steps[0] ?? []))).toBe(localSteps);
  expect(Math.min(...steps.flat())).toBeGreaterThanOrEqual(5);
  expect(Math.min(...steps.slice(1).flat())).toBeLessThan(localSteps);
  const losses = nodes[0]?.all('round').map(({ heldOutLoss }) => heldOutLoss) ?? [];
  expect(losses.at(-1)).toBeLessThan((losses[0] ?? 0) - 0.1);
  const base = relay.status().base.hash;
  await relay.close();
  expect(await reportOf(folderSource(folder))).toMatchObject({ rounds, base, problems: [] });
});
