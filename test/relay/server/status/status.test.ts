import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import * as v from 'valibot';
import { expect, test } from 'vitest';
import type { Relay } from '../../../../relay/server/server.ts';
import { thinned } from '../../../../relay/server/status/status-view.ts';
import { maxReportedLoss } from '../../../../relay/wire/reported.ts';
import {
  mostStatusRounds,
  relayStatusSchema,
  type StatusChange,
  statusChangeSchema,
  statusHistorySchema,
} from '../../../../relay/wire/status.ts';
import { type HeartbeatSchema, NodeState, ToRelaySchema } from '../../../../relay/wire/tapestry_pb.js';
import { TestClock } from '../../../support/relay/run-support.ts';
import { payloadOf, ScriptedNode } from '../../../support/relay/scripted-node.ts';
import { smallRun } from '../../../support/relay/small-run.ts';
import { get, pair, start, until } from '../../../support/relay/stage.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

test("the status shows a node's last heartbeat and its contributions over the run", async () => {
  const folder = temporaryFolder();
  const relay = await start({ folder, create: smallRun({ rounds: 3 }) });
  const { first, second, opened } = await pair(relay);
  const node = () => v.parse(relayStatusSchema, relay.status()).nodes[0];
  expect(node()).toMatchObject({
    state: 'waiting',
    steps: 0,
    tokens: 0,
    trainingLoss: null,
    heldOutLoss: null,
  });
  const states = [
    [NodeState.SYNCING, 'syncing'],
    [NodeState.TRAINING, 'training'],
    [NodeState.UPLOADING, 'uploading'],
    [NodeState.PAUSED, 'paused'],
    [NodeState.FOLLOWING, 'following'],
    [NodeState.WAITING, 'waiting'],
  ] as const;
  for (const [state, shown] of states) {
    first.sendHeartbeat(1, state);
    await until(() => node()?.state === shown);
    // A paused node has no speed, whatever it says.
    expect(node()?.tokensPerSecond, shown).toBe(shown === 'paused' ? 0 : 100);
  }
  expect(node()).toMatchObject({
    steps: 1,
    trainingLoss: 3,
    tokensPerSecond: 100,
    corpus: 'North',
    host: 'node',
  });
  await first.contribute(opened, payloadOf(1));
  expect(node()).toMatchObject({ tokens: 128, contributions: 1, heldOutLoss: 3.5 });
  expect(relay.status().round).toMatchObject({ phase: 'training', contributions: 1, number: 1 });
  await second.contribute(opened, payloadOf(2));
  await first.next('roundOpen');
  expect(node()).toMatchObject({ steps: 0, tokens: 128 });
  expect(relay.status()).toMatchObject({ base: { round: 1 }, totals: { tokens: 256, contributions: 2 } });
  await relay.close();

  const restarted = await start({ folder });
  await ScriptedNode.join(restarted.url, { identity: first.identity });
  const { nodes, totals } = v.parse(relayStatusSchema, restarted.status());
  expect(nodes).toMatchObject([{ tokens: 128, contributions: 1, heldOutLoss: 3.5 }]);
  expect(totals).toMatchObject({ tokens: 256, contributions: 2 });
  // A relay that restarted has counted nothing itself; what the contributions took is known.
  const { limits, model } = restarted.manifest;
  expect(totals.bytesUp).toBeGreaterThanOrEqual(2 * limits.payloadBytes);
  expect(totals.bytesDown).toBeGreaterThanOrEqual(2 * 4 * model.parameters);
});

test("a heartbeat of another round does not change this round's progress", async () => {
  const relay = await start();
  const { first } = await pair(relay);
  first.sendHeartbeat(7, NodeState.PAUSED);
  await until(() => relay.status().nodes[0]?.state === 'paused');
  expect(relay.status().nodes[0]).toMatchObject({ steps: 0, trainingLoss: null });
});

/** A heartbeat's frame. It is encoded without the checks of a node, so that it can hold any number. */
function heartbeatFrame(value: Omit<MessageInitShape<typeof HeartbeatSchema>, '$typeName'>): Uint8Array {
  return toBinary(ToRelaySchema, create(ToRelaySchema, { message: { case: 'heartbeat', value } }));
}

test("a node's impossible claims are refused and not shown, and its rate is shown within the limits of the run", async () => {
  const relay = await start({}, { refusals: 100 });
  const { first } = await pair(relay);
  const { localSteps } = relay.manifest.strategy;
  const honest = { round: 1, state: NodeState.TRAINING, steps: localSteps, tokens: 32 * localSteps };
  const possible = { ...honest, trainingLoss: 3, tokensPerSecond: 1e9, bytesDownloaded: 0n };
  const most = maxReportedLoss(260);
  const outOfLimit = [
    ...[{ steps: localSteps + 1, tokens: 32 * (localSteps + 1) }, { tokens: 1 }, { tokens: 2 ** 32 - 1 }],
    ...[-999, -1e-45, 999, most + 1e-5, 3e38].map((trainingLoss) => ({ trainingLoss })),
    ...[-1, -1e-45, 1.1e9, 3.4e38].map((tokensPerSecond) => ({ tokensPerSecond })),
  ].map((change) => ({ change, code: 'OUT_OF_LIMIT' }));
  const notFinite = [Number.NaN, Infinity, -Infinity].flatMap((value) =>
    ['trainingLoss', 'tokensPerSecond'].map((name) => ({ change: { [name]: value }, code: 'NOT_FINITE' })),
  );
  for (const { change, code } of [...outOfLimit, ...notFinite]) {
    first.send(heartbeatFrame({ ...possible, ...change }));
    expect([change, await first.refusal()]).toEqual([change, code]);
    expect(relay.status().nodes[0]).toMatchObject({ steps: 0, trainingLoss: null, tokensPerSecond: 0 });
  }
  for (const [change, shown] of [
    [{ trainingLoss: -0, tokensPerSecond: -0 }, [0, 0]],
    [{ trainingLoss: 88 }, [88, relay.manifest.limits.maxTokens]],
    [{ trainingLoss: 3.5, tokensPerSecond: 12 }, [3.5, 12]],
  ] as const) {
    first.send(heartbeatFrame({ ...possible, ...change }));
    await first.next('pulse');
    // As a page reads it.
    const { nodes } = v.parse(relayStatusSchema, JSON.parse(JSON.stringify(relay.status())));
    expect([nodes[0]?.trainingLoss, nodes[0]?.tokensPerSecond]).toEqual(shown);
  }
});

test('watchers are called at each change until they stop', async () => {
  const clock = new TestClock();
  const relay = await start({ clock });
  let heard = 0;
  const stop = relay.watch(() => heard++);
  relay.announceSample({ round: 0, prompt: 'a', text: 'b' });
  await until(() => heard === 1);
  stop();
  clock.pass(1_000);
  relay.announceSample({ round: 0, prompt: 'a', text: 'c' });
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(heard).toBe(1);
});

test('many changes are published once per interval', async () => {
  const clock = new TestClock();
  const relay = await start({ clock }, { statusInterval: 200 });
  const { first } = await pair(relay);
  const heartbeat = async () => {
    const before = relay.status().nodes[0]?.bytesUp ?? 0;
    first.sendHeartbeat(1);
    await until(() => (relay.status().nodes[0]?.bytesUp ?? 0) > before);
  };
  let heard = 0;
  relay.watch(() => heard++);
  clock.pass(200);
  // The joins may have been published before the test listened.
  await heartbeat();
  await until(() => heard === 1);
  for (const steps of [1, 2, 3]) {
    for (let said = 0; said < 10; said++) {
      await heartbeat();
      if (said > 0) clock.pass(22);
    }
    // 198 ms of the interval have passed.
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(heard).toBe(steps);
    clock.pass(2);
    await until(() => heard === steps + 1);
  }
});

/** The `data:` of the events of a stream, one after another, and their bytes. */
async function* eventsOf(relay: Relay): AsyncGenerator<{ change: StatusChange; bytes: number }, void> {
  const response = await get(relay, 'api/events');
  let text = '';
  for await (const bytes of response.body ?? []) {
    text += new TextDecoder().decode(bytes);
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const change = v.parse(statusChangeSchema, JSON.parse(text.slice('data: '.length, end)));
      yield { change, bytes: end + 2 };
      text = text.slice(end + 2);
    }
  }
}

test('the interval grows with the viewers, so that all together get a bounded number of bytes a second', async () => {
  const clock = new TestClock();
  const relay = await start({ clock }, { statusInterval: 20, statusBytesPerSecond: 1_000 });
  const viewer = eventsOf(relay);
  await viewer.next();
  clock.pass(20_000);
  let heard = 0;
  relay.watch(() => heard++);
  relay.announceSample({ round: 0, prompt: 'a', text: 'b'.repeat(500) });
  // The relay's first tick may have sent an empty change before.
  let needed = 0;
  while (needed < 500) needed = (await viewer.next()).value?.bytes ?? Number.NaN;
  expect(heard).toBe(1);
  relay.announceSample({ round: 0, prompt: 'a', text: 'c' });
  clock.pass(needed - 100);
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(heard).toBe(1);
  clock.pass(1_000);
  await until(() => heard === 2);
  await viewer.return();
});

test('a commit is a change of the base, and its round is in the history', async () => {
  const clock = new TestClock();
  const relay = await start({ clock, create: smallRun({ rounds: 6 }) }, { viewerBytesPerSecond: 1e6 });
  const { first, second, opened } = await pair(relay);
  const viewer = eventsOf(relay);
  await viewer.next();
  let open = opened;
  for (const round of [1, 2, 3]) {
    await first.contribute(open, payloadOf(2 * round));
    await second.contribute(open, payloadOf(2 * round + 1));
    open = await first.next('roundOpen');
    await second.next('roundOpen');
    clock.pass(20);
    let event = await viewer.next();
    while (event.value?.change.base?.round !== round) event = await viewer.next();
    const asked = await get(relay, `api/history?after=${round - 1}`);
    const { history } = v.parse(statusHistorySchema, await asked.json());
    expect(history).toMatchObject([{ round, base: event.value.change.base.hash, contributions: 2 }]);
  }
  await viewer.return();
  const rounds = async (path: string) =>
    v.parse(statusHistorySchema, await (await get(relay, path)).json()).history.map(({ round }) => round);
  expect(await rounds('api/history')).toEqual([1, 2, 3]);
  expect(await rounds('api/history?after=1')).toEqual([2, 3]);
  expect(await rounds('api/history?after=9')).toEqual([]);
});

test('the whole of a long run has a bounded number of rounds, spread evenly, and the newest', () => {
  const row = { contributions: 1, excluded: 0, tokens: 1, probeLoss: null, trainingLoss: 1, heldOutLoss: [] };
  for (const rounds of [0, 1, 999, 1_000, 1_001, 4_097, 100_000]) {
    const history = Array.from({ length: rounds }, (_, i) => ({
      ...row,
      round: i + 1,
      committedAt: 0,
      base: '',
    }));
    const shown = thinned(history);
    expect(shown.length).toBeLessThanOrEqual(mostStatusRounds);
    expect(shown.length).toBeGreaterThanOrEqual(Math.min(rounds, mostStatusRounds / 2 - 1));
    expect(shown.at(-1)?.round).toBe(rounds === 0 ? undefined : rounds);
  }
});
