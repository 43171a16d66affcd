import { create } from '@bufbuild/protobuf';
import { expect, onTestFinished, test } from 'vitest';
import { type PacedNode, type PacedRound, pacedRounds } from '../../../../bench/federation/paced.ts';
import { Run } from '../../../../relay/run/run.ts';
import { ChunkSchema } from '../../../../relay/wire/tapestry_pb.js';
import {
  drawnPayload,
  offerFor,
  settled,
  TestClock,
  type TestNode,
  testNodes,
  tinyRun,
} from '../../../support/relay/run-support.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

const parameters = 100;

function paced(run: Run, node: TestNode, tokensPerSecond: number, seed: number): PacedNode {
  let payload = new Uint8Array(0);
  let drawn = seed * 1000;
  return {
    key: node.key,
    tokensPerSecond,
    overheadMs: 100,
    uploadMs: 200,
    async offer(steps) {
      payload = drawnPayload(parameters, drawn++);
      return 'resume' in (await run.offer(node.key, await offerFor(run, node, payload, { steps })));
    },
    async upload() {
      const answer = await run.chunk(node.key, create(ChunkSchema, { offset: 0, data: payload }));
      return answer !== null && 'acknowledgement' in answer;
    },
  };
}

/** Rounds of 100 steps of 32 tokens with devices of these tokens a second, and the limits of `tapestry relay`. */
async function rounds(speeds: readonly number[], count: number, isTimed: boolean): Promise<PacedRound[]> {
  const clock = new TestClock();
  const timed = isTimed ? { timed: { leastSteps: 1, stretch: 200 } } : {};
  const limits = { deadlineMs: 600_000, graceMs: 15_000, quorum: 1, target: 8 };
  const draft = tinyRun({ parameters, rounds: count, localSteps: 100, ...limits, ...timed });
  const run = await Run.open(temporaryFolder(), draft, clock);
  onTestFinished(() => run.close());
  const nodes = await testNodes(speeds.length);
  for (const node of nodes) run.nodeJoined(node.key, 0);
  await settled(run);
  const devices = nodes.map((node, i) => paced(run, node, speeds[i] ?? 0, i));
  return pacedRounds(run, clock, devices, count);
}

test('nodes of 3,000, 500 and 100 tokens a second count in every round of 20', async () => {
  const committed = await rounds([3000, 500, 100], 20, true);
  expect(committed).toHaveLength(20);
  // On the virtual clock: docs/measured.md has the figure.
  expect(committed.at(-1)?.endedAt).toBeLessThan(40_000);
  for (const { steps } of committed) expect(Math.min(...steps)).toBeGreaterThanOrEqual(1);
  // The fastest does all its steps, and the others what they can meanwhile.
  for (const { steps } of committed.slice(1)) {
    expect(steps[0]).toBe(100);
    expect(steps[1]).toBeGreaterThanOrEqual(14);
  }
});

test('with fixed steps the slowest of them trains and never counts', async () => {
  const committed = await rounds([3000, 500, 100], 5, false);
  for (const { steps } of committed) expect(steps).toEqual([100, 100, 0]);
  expect(committed.at(-1)?.endedAt).toBeGreaterThan(5 * 20_000);
});

test('a relay that starts again plans its first round from the journal, whoever is there first', async () => {
  const clock = new TestClock();
  const folder = temporaryFolder();
  const limits = { deadlineMs: 600_000, graceMs: 15_000, quorum: 1, target: 8 };
  const draft = tinyRun({
    parameters,
    rounds: 9,
    localSteps: 100,
    ...limits,
    timed: { leastSteps: 1, stretch: 200 },
  });
  const nodes = await testNodes(2);
  const devices = (run: Run) => nodes.map((node, i) => paced(run, node, i === 0 ? 3000 : 500, i));
  const before = await Run.open(folder, draft, clock);
  for (const node of nodes) before.nodeJoined(node.key, 0);
  await settled(before);
  await pacedRounds(before, clock, devices(before), 3);
  await before.tick();
  const planned = before.current().plan?.plannedMs ?? 0;
  expect(planned).toBeGreaterThan(1000);
  clock.pass(400);
  await before.close();

  const after = await Run.open(folder, undefined, clock);
  onTestFinished(() => after.close());
  for (const node of nodes) after.nodeJoined(node.key, 0);
  await settled(after);
  // The journal's steps hold downloads and uploads too, so that the first plan is a little longer.
  expect(after.current()).toMatchObject({ round: 4, phase: 'training' });
  const again = after.current().plan?.plannedMs ?? 0;
  expect(again).toBeGreaterThan(0.8 * planned);
  expect(again).toBeLessThan(1.5 * planned);
  // A node that comes back with work from before does not look fast: the next plan is no shorter.
  const [first] = devices(after);
  expect(await first?.offer(90)).toBe(true);
  expect(await first?.upload()).toBe(true);
  await pacedRounds(after, clock, devices(after).slice(1), 1);
  await after.tick();
  expect(after.current().round).toBe(5);
  expect(after.current().plan?.plannedMs ?? 0).toBeGreaterThan(0.8 * planned);
});
