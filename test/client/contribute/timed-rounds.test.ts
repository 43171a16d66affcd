import { afterEach, expect, test } from 'vitest';
import { Stage, tinyRun } from '../../support/contribute/harness.ts';

let stage = new Stage();
afterEach(async () => {
  await stage.close();
  stage = new Stage();
});

test('a node learns the plan of each timed round from a relay, and contributes to all', async () => {
  const localSteps = 20;
  const timed = { leastSteps: 1, stretch: 400 };
  const create = tinyRun({ rounds: 3, localSteps, quorum: 1, target: 2, graceMs: 60_000, timed });
  const relay = await stage.relay({ folder: await stage.folder(), create });
  const node = stage.node(await stage.folder(), relay.url);
  expect(await node.done).toBeUndefined();
  // The relay measured the node in round 1, and so plans the next ones from their opening.
  const plans = node.all('plan');
  for (const round of [2, 3]) {
    const plan = plans.find((event) => event.round === round);
    expect(plan?.plannedMilliseconds).toBeGreaterThan(0);
    expect(plan?.trainingMilliseconds).toBeGreaterThan(0);
    expect(plan?.graceMilliseconds).toBeLessThanOrEqual(60_000);
  }
  const made = node.all('contribution');
  expect(made.map(({ round }) => round)).toEqual([1, 2, 3]);
  for (const { steps, tokens } of made) {
    expect(steps).toBeGreaterThanOrEqual(1);
    expect(tokens).toBe(steps * 32);
  }
  expect(node.all('acknowledged')).toHaveLength(3);
});
