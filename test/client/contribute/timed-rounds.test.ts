import { afterEach, expect, test } from 'vitest';
import { Stage, tinyRun } from '../../support/contribute/harness.ts';

let stage = new Stage();
afterEach(async () => {
  await stage.close();
  stage = new Stage();
});

test('a throttled node contributes the steps that it can do while a fast one does all', async () => {
  const localSteps = 80;
  const timed = { leastSteps: 1, stretch: 400 };
  const create = tinyRun({ rounds: 2, localSteps, quorum: 1, target: 2, graceMs: 60_000, timed });
  const relay = await stage.relay({ folder: await stage.folder(), create });
  const slow = stage.node(await stage.folder(), relay.url, { corpusName: 'odd', seed: 2, power: 0.1 });
  await slow.said('round');
  const fast = stage.node(await stage.folder(), relay.url, { corpusName: 'even', seed: 1 });
  expect(await Promise.all([slow.done, fast.done])).toEqual([undefined, undefined]);
  const [plan] = slow.all('plan');
  expect(plan).toMatchObject({ round: expect.any(Number), tooShort: expect.any(Boolean) });
  expect(slow.all('plan').some(({ trainingMilliseconds }) => trainingMilliseconds > 0)).toBe(true);
  const steps = slow.all('contribution').map((made) => made.steps);
  expect(Math.min(...steps)).toBeLessThan(localSteps);
  for (const { steps: done, tokens } of slow.all('contribution')) expect(tokens).toBe(done * 32);
  // The relay holds what was trained in part.
  const held = slow.all('acknowledged').map(({ payload }) => payload);
  const partial = slow.all('contribution').filter((made) => made.steps < localSteps);
  expect(partial.some(({ payload }) => held.includes(payload))).toBe(true);
});
