import * as v from 'valibot';
import { expect, test } from 'vitest';
import type { Relay } from '../../../../relay/server/server.ts';
import { statusRoundSchema } from '../../../../relay/wire/status.ts';
import { ModelPart } from '../../../../relay/wire/tapestry_pb.js';
import { payloadOfValues, TestClock } from '../../../support/relay/run-support.ts';
import { payloadOf } from '../../../support/relay/scripted-node.ts';
import { parameters, payloadBytes, smallRun } from '../../../support/relay/small-run.ts';
import { get, pair, start, until } from '../../../support/relay/stage.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

async function roundOf(relay: Relay, round: number | string) {
  const answer = await get(relay, `api/rounds/${round}`);
  return answer.ok ? v.parse(statusRoundSchema, await answer.json()) : answer.status;
}

test('a committed round has its own address: who, how much, what the base wrote, also after a restart', async () => {
  const folder = temporaryFolder();
  const clock = new TestClock();
  let relay = await start({ folder, clock, create: smallRun({ rounds: 3, deadlineMs: 20_000 }) });
  const { first, second, opened } = await pair(relay);
  // An attempt that is abandoned: what it accepted is not of the round.
  await first.contribute(opened, payloadOf(1));
  expect(await roundOf(relay, 1)).toBe(404);
  clock.pass(20_001);
  await first.next('abandon');
  const again = await first.next('roundOpen');
  await second.next('abandon');
  await second.next('roundOpen');
  await second.contribute(again, payloadOf(2), { trainingLoss: 2, heldOutLoss: 2.25 });
  await first.contribute(again, payloadOf(1), { steps: 2, tokens: 64 });
  await until(() => relay.status().history.length === 1);
  const nodes = relay.status().nodes.map(({ id }) => id);
  const contributions = [
    {
      node: nodes[1],
      corpus: 'South',
      steps: 4,
      tokens: 128,
      trainingLoss: 2,
      heldOutLoss: 2.25,
      ...{ part: 'whole', isMerged: true, score: null, counted: 128, reason: null },
    },
    {
      node: nodes[0],
      corpus: 'North',
      steps: 2,
      tokens: 64,
      trainingLoss: 2.5,
      heldOutLoss: 3.5,
      ...{ part: 'whole', isMerged: true, score: null, counted: 64, reason: null },
    },
  ];
  const expected = { run: relay.runId, committed: relay.status().history[0], contributions, scoredBy: null };
  expect(await roundOf(relay, 1)).toEqual({ ...expected, sample: null });
  const sample = { round: 1, prompt: 'All ', text: 'human' };
  relay.announceSample(sample);
  expect(await roundOf(relay, 1)).toEqual({ ...expected, sample });
  for (const other of ['0', '2', '01', 'x', '1e3', '99999999999999999'])
    expect(await roundOf(relay, other)).toBe(404);
  await relay.close();
  relay = await start({ folder, clock });
  expect(await roundOf(relay, 1)).toEqual({ ...expected, sample: null });
});

test('a contribution that the limit for one node cuts is shown with what is left of it, and that reason', async () => {
  const relay = await start({ create: smallRun({ rounds: 1, weightShare: 50 }) });
  const { first, second, opened } = await pair(relay);
  await first.contribute(opened, payloadOf(1));
  await second.contribute(opened, payloadOf(2), { steps: 2, tokens: 64 });
  await until(() => relay.status().history.length === 1);
  const answer = await roundOf(relay, 1);
  expect(answer).toMatchObject({
    contributions: [
      { tokens: 128, counted: 64, reason: 'capped', isMerged: true },
      { tokens: 64, counted: 64, reason: null, isMerged: true },
    ],
  });
});

/** Two nodes contribute to the round that is open: one a whole delta, and the other one of the upper layers from `upperFrom` on. */
async function bothParts({ first, second, opened }: Awaited<ReturnType<typeof pair>>, upperFrom: number) {
  const values = new Float32Array(parameters - upperFrom).map((_, i) => Math.sin(i) / 100);
  await first.contribute(opened, payloadOf(1));
  await second.contribute(opened, payloadOfValues(values), { part: ModelPart.UPPER, steps: 1, tokens: 32 });
}

test('a contribution of the upper layers is shown as one, and the limit cuts in each range by itself', async () => {
  const upperFrom = 40_000;
  const relay = await start({ create: smallRun({ rounds: 2, quorum: 1, weightShare: 50, upperFrom }) });
  expect(relay.status().run.upper).toEqual({ layers: 1, of: 1 });
  const nodes = await pair(relay);
  expect(relay.status().nodes.map(({ part }) => part)).toEqual(['whole', 'whole']);
  await bothParts(nodes, upperFrom);
  await until(() => relay.status().history.length === 1);
  expect(await roundOf(relay, 1)).toMatchObject({
    contributions: [
      // Below, nothing else counts. Above, both have as much as the part.
      { part: 'whole', counted: Math.round((128 * 4 + 32 * 3) / 7), reason: 'capped' },
      { part: 'upper', counted: 32, reason: null },
    ],
  });
  expect(relay.status().nodes.map(({ part }) => part)).toEqual(['whole', 'upper']);
  expect(relay.status().totals.bytesUp).toBeLessThan(1.6 * payloadBytes);
});

test('below the upper layers a round with fewer whole deltas than the quorum is shown as one without any', async () => {
  const upperFrom = 40_000;
  const relay = await start({ create: smallRun({ rounds: 1, weightShare: 50, upperFrom }) });
  const nodes = await pair(relay);
  const before = await relay.base();
  await bothParts(nodes, upperFrom);
  await until(() => relay.status().history.length === 1);
  expect(await roundOf(relay, 1)).toMatchObject({
    contributions: [
      { part: 'whole', counted: 32, reason: 'capped' },
      { part: 'upper', counted: 32, reason: null },
    ],
  });
  const after = await relay.base();
  expect(after.parameters.slice(0, upperFrom)).toEqual(before.parameters.slice(0, upperFrom));
  expect(after.parameters.slice(upperFrom)).not.toEqual(before.parameters.slice(upperFrom));
});
