import * as v from 'valibot';
import { expect, test } from 'vitest';
import { relayStatusSchema } from '../../relay/wire/status.ts';
import { NodeState } from '../../relay/wire/tapestry_pb.js';
import { TestClock } from './run-support.ts';
import { payloadOf, ScriptedNode } from './scripted-node.ts';
import { smallRun } from './small-run.ts';
import { pair, start, until } from './stage.ts';
import { temporaryFolder } from './temporary-folder.ts';

test('a node is shown as it last said, with what it has given over the run', async () => {
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
    [NodeState.WAITING, 'waiting'],
  ] as const;
  for (const [state, shown] of states) {
    first.sendHeartbeat(1, state);
    await until(() => node()?.state === shown);
  }
  expect(node()).toMatchObject({
    steps: 1,
    trainingLoss: 3,
    tokensPerSecond: 100,
    nation: 'North',
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
});

test('a heartbeat of another round says nothing of this one', async () => {
  const relay = await start();
  const { first } = await pair(relay);
  first.sendHeartbeat(7, NodeState.PAUSED);
  await until(() => relay.status().nodes[0]?.state === 'paused');
  expect(relay.status().nodes[0]).toMatchObject({ steps: 0, trainingLoss: null });
});

test('however often something changes, it is published once an interval', async () => {
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
  clock.time += 200;
  // The joins may have been published before anyone listened.
  await heartbeat();
  await until(() => heard === 1);
  for (const steps of [1, 2, 3]) {
    for (let said = 0; said < 10; said++) {
      await heartbeat();
      if (said > 0) clock.time += 22;
    }
    // Of the interval, 198 ms have gone by.
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(heard).toBe(steps);
    clock.time += 2;
    await until(() => heard === steps + 1);
  }
});
