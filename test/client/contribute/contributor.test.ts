import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import type { Network, Socket } from '../../../client/contribute/network.ts';
import { TapestryError } from '../../../client/errors.ts';
import { diskFiles } from '../../../client/host/disk.ts';
import { openFetchSocket } from '../../../client/host/fetch-socket.ts';
import { nodeNetwork } from '../../../client/host/node/network.ts';
import { nodeGpu, nodeRuntime } from '../../../client/host/node/runtime.ts';
import { frameHeaders, framesPath, subprotocol } from '../../../relay/wire/frames.ts';
import { Stage, tinyRun } from '../../support/contribute/harness.ts';
import { freePort } from '../../support/free-port.ts';
import { TestClock } from '../../support/relay/run-support.ts';
import { watchDevices } from '../../support/watch-devices.ts';

/** A time that no test waits. */
const hour = 3_600_000;
const stage = new Stage();
afterEach(() => stage.close());

/** The network of a node that can open no WebSocket. */
function withoutWebSocket(folder: string): Network {
  return {
    ...nodeNetwork(diskFiles(folder)),
    connect: (url) => {
      const frames = new URL(`.${framesPath}`, url);
      frames.protocol = 'http:';
      return openFetchSocket(frames, subprotocol, frameHeaders);
    },
  };
}

test('two nodes, one without a WebSocket, train three rounds, the loss falls, and both end when the run is complete', async () => {
  const create = tinyRun({ rounds: 3, localSteps: 8, quorum: 2, target: 2 });
  const relay = await stage.relay({ folder: await stage.folder(), create });
  const even = stage.node(await stage.folder(), relay.url, { corpusName: 'even', seed: 1 });
  const folder = await stage.folder();
  const network = withoutWebSocket(folder);
  const odd = stage.node(folder, relay.url, { corpusName: 'odd', seed: 2, network });
  expect(await even.done).toBeUndefined();
  expect(await odd.done).toBeUndefined();
  expect(relay.status().round.phase).toBe('complete');
  for (const node of [even, odd]) {
    expect(node.all('acknowledged').map(({ round }) => round)).toEqual([1, 2, 3]);
    const losses = node.all('round').map(({ heldOutLoss }) => heldOutLoss);
    expect(losses).toHaveLength(3);
    expect(losses[2]).toBeLessThan((losses[0] ?? 0) - 0.1);
    // No round measures the last base, so each node does before it leaves.
    const [last, ...more] = node.all('last-base');
    expect(last).toMatchObject({ round: 3, base: relay.status().base.hash });
    expect(last?.heldOutLoss).toBeLessThan((losses[0] ?? 0) - 0.1);
    expect(more).toEqual([]);
    expect(node.all('left')).toEqual([
      { event: 'left', reason: 'complete', contributions: 3, tokens: 3 * 8 * 32 },
    ]);
    expect(node.all('joined')[0]).toMatchObject({ corpus: node === even ? 'even' : 'odd', rounds: 3 });
  }
});

test('a node leaves in the middle of a round, and the round commits without it', async () => {
  const create = tinyRun({ rounds: 2, localSteps: 40, quorum: 1, target: 2, graceMs: 50 });
  const relay = await stage.relay({ folder: await stage.folder(), create });
  const leaves = stage.node(await stage.folder(), relay.url, { seed: 2 });
  await leaves.said('step');
  leaves.contributor.pause();
  const stays = stage.node(await stage.folder(), relay.url, { seed: 1 });
  await stays.said('step');
  await leaves.leave();
  expect(await stays.done).toBeUndefined();
  expect(stays.all('acknowledged').map(({ round }) => round)).toEqual([1, 2]);
  expect(leaves.all('left')[0]).toMatchObject({ reason: 'interrupted', contributions: 0 });
  expect(relay.status().history.map(({ contributions }) => contributions)).toEqual([1, 1]);
});

test('a node reconnects to a relay that restarted, and the round continues', async () => {
  const folder = await stage.folder();
  const create = tinyRun({ rounds: 2, localSteps: 30, quorum: 1, target: 1 });
  const port = await freePort();
  const relay = await stage.relay({ folder, create, port });
  const node = stage.node(await stage.folder(), relay.url, { power: 0.3 });
  await node.said('step', ({ step }) => step > 1);
  await relay.close();
  expect(await node.said('retry')).toMatchObject({ code: expect.stringMatching(/^relay\./), next: /./ });
  await stage.relay({ folder, port });
  expect(await node.done).toBeUndefined();
  expect(node.all('acknowledged').map(({ round }) => round)).toEqual([1, 2]);
  // Training of round 1 continued meanwhile: it was started only once.
  expect(node.all('round').filter(({ round }) => round === 1)).toHaveLength(1);
});

test('pause stops the steps, resume continues them, finish settles the round and leaves', async () => {
  const create = tinyRun({ rounds: 50, localSteps: 40, quorum: 1, target: 1 });
  const relay = await stage.relay({ folder: await stage.folder(), create });
  const node = stage.node(await stage.folder(), relay.url, { power: 0.5 });
  await node.said('step');
  node.contributor.pause();
  await node.said('paused');
  await expect.poll(() => relay.status().nodes[0]?.state).toBe('paused');
  const halted = node.all('step').length;
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(node.all('step').length).toBe(halted);
  node.contributor.resume();
  await node.said('step', ({ step }) => step > (node.all('step')[halted - 1]?.step ?? 0));
  node.contributor.finish();
  expect(await node.done).toBeUndefined();
  const rounds = node.all('acknowledged');
  expect(rounds.length).toBeGreaterThan(0);
  expect(node.all('left')[0]).toMatchObject({ reason: 'finished', contributions: rounds.length });
});

test('a node that loses its device early in a round opens it again and trains the round again from its start', async () => {
  const create = tinyRun({ rounds: 1, localSteps: 30, quorum: 1, target: 1 });
  const relay = await stage.relay({ folder: await stage.folder(), create });
  const devices: GPUDevice[] = [];
  const folder = await stage.folder();
  const runtime = {
    ...nodeRuntime({ folder }),
    gpu: async () => watchDevices(await nodeGpu(), (device) => devices.push(device)),
  };
  const node = stage.node(folder, relay.url, { runtime, power: 0.5 });
  await node.said('step');
  devices[0]?.destroy();
  expect(await node.done).toBeUndefined();
  expect(node.all('device-lost')).toMatchObject([{ step: 0 }]);
  expect(devices).toHaveLength(2);
  expect(node.all('acknowledged')).toMatchObject([{ round: 1, tokens: 30 * 32 }]);
  // Same start, same seed: the same first step again.
  const first = node.all('step').filter(({ step }) => step === 1);
  expect(first[1]?.loss).toBe(first[0]?.loss);
});

test('a pause while the model opens holds training, and a finish then leaves without another device', async () => {
  const create = tinyRun({ rounds: 1, localSteps: 2, quorum: 1, target: 1 });
  const relay = await stage.relay({ folder: await stage.folder(), create });
  const paused = stage.node(await stage.folder(), relay.url, {
    onEvent: ({ event }) => event === 'joined' && paused.contributor.pause(),
  });
  await expect.poll(() => relay.status().nodes[0]?.state).toBe('paused');
  expect(paused.all('step')).toEqual([]);
  paused.contributor.resume();
  expect(await paused.done).toBeUndefined();
  const devices: GPUDevice[] = [];
  const folder = await stage.folder();
  const runtime = {
    ...nodeRuntime({ folder }),
    gpu: async () => watchDevices(await nodeGpu(), (device) => devices.push(device)),
  };
  const other = await stage.relay({ folder: await stage.folder(), create });
  const finished = stage.node(folder, other.url, {
    runtime,
    onEvent: ({ event }) => event === 'joined' && finished.contributor.finish(),
  });
  expect(await finished.done).toBeUndefined();
  expect(finished.all('left')).toMatchObject([{ reason: 'finished', contributions: 0 }]);
  expect(devices).toHaveLength(1);
});

test('a node that restarts resumes with its optimizer moments and offers no delta twice', async () => {
  const create = tinyRun({ rounds: 3, localSteps: 6, quorum: 1, target: 2, graceMs: 300 });
  const relay = await stage.relay({ folder: await stage.folder(), create });
  const folder = await stage.folder();
  const before = stage.node(folder, relay.url);
  await before.said('acknowledged');
  await before.leave();
  const rounds = before.all('acknowledged').length;
  const again = stage.node(folder, relay.url);
  expect(await again.said('restored')).toMatchObject({ steps: 6 * rounds });
  expect(await again.done).toBeUndefined();
  expect([...before.all('acknowledged'), ...again.all('acknowledged')].map(({ round }) => round)).toEqual([
    1, 2, 3,
  ]);
  expect(relay.status().totals).toMatchObject({ contributions: 3, refusals: 0 });
});

test('a node that leaves in the middle of a round and comes back contributes it with the steps that it had', async () => {
  const localSteps = 40;
  const create = tinyRun({ rounds: 1, localSteps, quorum: 1, target: 1 });
  const relay = await stage.relay({ folder: await stage.folder(), create });
  const folder = await stage.folder();
  const before = stage.node(folder, relay.url, { power: 0.3 });
  await before.said('step', ({ step }) => step > 3);
  await before.leave();
  const stored = before.all('snapshot').at(-1);
  expect(stored).toMatchObject({ round: 1, step: expect.any(Number) });
  const again = stage.node(folder, relay.url);
  expect(await again.done).toBeUndefined();
  expect(again.all('round-resumed')).toMatchObject([{ round: 1, step: stored?.step, steps: localSteps }]);
  expect(again.all('step')[0]?.step).toBeGreaterThan(stored?.step ?? localSteps);
  expect(relay.status().totals).toMatchObject({ contributions: 1, refusals: 0 });
  expect(again.all('acknowledged')).toMatchObject([{ round: 1, tokens: localSteps * 32 }]);
  // The run is over, and nothing of the round is left beside the state.
  const files = await readdir(folder);
  expect(files.filter((name) => name.startsWith('snapshot-'))).toEqual([]);
});

test.each([
  ['that restarted', true],
  ['whose connection was lost', false],
])(
  'a node %s offers its work again to a round that was abandoned meanwhile, and the round commits',
  async (_, restarts) => {
    const create = tinyRun({ rounds: 1, localSteps: 4, quorum: 2, target: 2, deadlineMs: 2000 });
    const clock = new TestClock();
    const relay = await stage.relay({ folder: await stage.folder(), create, clock });
    const idle = stage.node(await stage.folder(), relay.url, { seed: 2 });
    idle.contributor.pause();
    const folder = await stage.folder();
    const cable = new Cable(nodeNetwork(diskFiles(folder)));
    const node = stage.node(folder, relay.url, { network: cable.network });
    const { payload } = await node.said('acknowledged');
    if (restarts) await node.leave();
    else cable.cut();
    await expect.poll(() => relay.status().nodes.length).toBe(1);
    clock.pass(2000);
    await expect.poll(() => relay.status().totals.abandonedRounds).toBe(1);
    cable.repair();
    const back = restarts ? stage.node(folder, relay.url) : node;
    await expect.poll(() => back.all('acknowledged')).toHaveLength(restarts ? 1 : 2);
    // No step was lost, and none was done twice.
    expect(back.all('acknowledged').at(-1)?.payload).toBe(payload);
    expect(back.all('contribution')).toHaveLength(restarts ? 0 : 1);
    // The node sat out no attempt while it was connected.
    expect(back.all('abandoned')).toEqual([]);
    idle.contributor.resume();
    expect(await back.done).toBeUndefined();
    expect(await idle.done).toBeUndefined();
    expect(relay.status().history).toMatchObject([{ round: 1, contributions: 2 }]);
  },
);

test('a damaged saved state is reported and not used', async () => {
  const create = tinyRun({ rounds: 2, localSteps: 2, quorum: 1, target: 2, graceMs: 300 });
  const relay = await stage.relay({ folder: await stage.folder(), create });
  const folder = await stage.folder();
  const before = stage.node(folder, relay.url);
  await before.said('acknowledged');
  await before.leave();
  const name = join(folder, `state-${relay.runId.slice(0, 16)}.safetensors`);
  const bytes = await readFile(name);
  bytes[500] = (bytes[500] ?? 0) ^ 1;
  await writeFile(name, bytes);
  const again = stage.node(folder, relay.url);
  expect(await again.said('fresh')).toEqual({ event: 'fresh', reason: 'checkpoint.damaged' });
  expect(await again.done).toBeUndefined();
});

test('a wrong token, another run and an absent relay are reported with what to do', async () => {
  const create = tinyRun({ rounds: 1, localSteps: 2, quorum: 1, target: 1 });
  const relay = await stage.relay({ folder: await stage.folder(), create, token: 'warp-and-weft' });
  const problem = async (options: { token?: string; run?: string }) =>
    stage.node(await stage.folder(), relay.url, options).done;
  expect(await problem({})).toMatchObject({
    code: 'relay.bad-token',
    next: expect.stringMatching(/--token/),
  });
  expect(await problem({ token: 'wrong' })).toMatchObject({ code: 'relay.bad-token' });
  expect(await problem({ token: 'warp-and-weft', run: '0'.repeat(64) })).toMatchObject({
    code: 'relay.wrong-run',
  });
  expect(await problem({ token: 'warp-and-weft', run: relay.runId })).toBeUndefined();
  const absent = stage.node(await stage.folder(), new URL('http://127.0.0.1:9/'));
  expect(await absent.said('retry')).toMatchObject({ code: 'relay.unreachable', attempt: 1 });
});

test('a node that waits for its next attempt connects at once when it is asked to', async () => {
  const folder = await stage.folder();
  const runtime = nodeRuntime({ folder });
  const patient = { ...runtime, sleep: (_: number, signal?: AbortSignal) => runtime.sleep(hour, signal) };
  const node = stage.node(folder, new URL('http://127.0.0.1:9/'), { runtime: patient });
  node.contributor.retryNow();
  expect(await node.said('retry')).toMatchObject({ attempt: 1 });
  node.contributor.retryNow();
  expect(await node.said('retry', ({ attempt }) => attempt > 1)).toMatchObject({ attempt: 2 });
});

test('the bytes sent depend on the message and not on the size of the text, and are counted', async () => {
  const create = tinyRun({ rounds: 1, localSteps: 2, quorum: 1, target: 1 });
  const relay = await stage.relay({ folder: await stage.folder(), create });
  const node = stage.node(await stage.folder(), relay.url);
  expect(await node.done).toBeUndefined();
  const sent = node.all('sent').at(-1)?.bytes;
  const payloadBytes = create.manifest.limits?.payloadBytes ?? 0;
  expect(sent?.join).toBeGreaterThan(0);
  expect(sent?.offer).toBeGreaterThan(0);
  expect(sent?.chunk).toBeGreaterThan(payloadBytes);
  expect(sent?.chunk).toBeLessThan(payloadBytes + 64);
});

/** A network that a test can cut and repair. */
class Cable {
  readonly network: Network;
  #socket: Socket | null = null;
  #whole = true;

  constructor(network: Network) {
    const connect = async (url: URL) => {
      if (!this.#whole) throw new TapestryError('relay.unreachable', 'The network is cut.', 'Repair it.');
      this.#socket = await network.connect(url);
      return this.#socket;
    };
    this.network = { ...network, connect };
  }

  cut(): void {
    this.#whole = false;
    this.#socket?.close();
  }

  repair(): void {
    this.#whole = true;
  }
}
