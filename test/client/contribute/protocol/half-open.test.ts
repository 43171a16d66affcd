import { afterEach, expect, onTestFinished, test } from 'vitest';
import { forwardTo } from '../../../../bench/network/forwarder.ts';
import { RelayClient } from '../../../../client/contribute/protocol/relay-client.ts';
import { Traffic } from '../../../../client/contribute/protocol/traffic.ts';
import type { SessionEvent } from '../../../../client/contribute/session/state.ts';
import { nodeNetwork } from '../../../../client/host/node/network.ts';
import { nodeRuntime } from '../../../../client/host/node/runtime.ts';
import { RelayHttp } from '../../../../client/relay-http.ts';
import { NodeState } from '../../../../relay/wire/tapestry_pb.js';
import { Stage, tinyRun } from '../../../support/contribute/harness.ts';
import { noEvidence } from '../../../support/contribute/no-evidence.ts';
import { memoryFiles } from '../../../support/tuned-store.ts';

const stage = new Stage();
afterEach(() => stage.close());

const heartbeat = {
  round: 0,
  state: NodeState.WAITING,
  steps: 0,
  tokens: 0,
  trainingLoss: 0,
  tokensPerSecond: 0,
  bytesDownloaded: 0n,
};

/** A client of a relay behind a forwarder that can fall silent, and the session events that it dispatched. */
async function forwarded(welcomed: () => Promise<void> = async () => {}) {
  const create = tinyRun({ rounds: 1, localSteps: 1, quorum: 1, target: 1 });
  const relay = await stage.relay({ folder: await stage.folder(), create });
  const forwarder = await forwardTo(Number(relay.url.port));
  onTestFinished(() => forwarder.close());
  // This clock runs ten times faster than wall time, so that the silence takes half a second.
  const node = nodeRuntime({ folder: await stage.folder() });
  const runtime = { ...node, now: () => 10 * node.now() };
  const network = nodeNetwork(memoryFiles());
  const traffic = new Traffic();
  const events: SessionEvent[] = [];
  const address = new URL(`http://127.0.0.1:${forwarder.port}/`);
  const client = new RelayClient(
    runtime,
    { network, http: new RelayHttp(network, runtime, address) },
    { relay: address, corpusName: null },
    await network.identity(),
    traffic,
    {
      dispatch: (event) => events.push(event),
      welcomed,
      heartbeat: () => ({ case: 'heartbeat', value: heartbeat }),
      jitter: () => 0.5,
      evidence: noEvidence,
    },
  );
  const welcomes = () => events.filter(({ kind }) => kind === 'welcomed').length;
  const losses = () => events.flatMap((event) => (event.kind === 'disconnected' ? [event.problem.code] : []));
  return { client, forwarder, traffic, welcomes, losses };
}

test('a connection that falls silent without closing is noticed and replaced', async () => {
  const { client, forwarder, traffic, welcomes, losses } = await forwarded();
  client.connect();
  await expect.poll(welcomes).toBe(1);
  // A relay that answers each heartbeat does not count as silent, even if it sends nothing else.
  const before = traffic.sent.heartbeat;
  await expect.poll(() => traffic.sent.heartbeat, { timeout: 10_000 }).toBeGreaterThan(before + 300);
  expect(losses()).toEqual([]);
  forwarder.silence();
  await expect.poll(losses, { timeout: 10_000 }).toEqual(['relay.silent']);
  client.connect();
  await expect.poll(welcomes).toBe(2);
  await client.leave(0);
});

test('a connection that is given up while the model opens does not welcome the node afterwards', async () => {
  const [begun, opening] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const { client, forwarder, welcomes, losses } = await forwarded(() => {
    begun.resolve();
    return opening.promise;
  });
  client.connect();
  await begun.promise;
  forwarder.silence();
  await expect.poll(losses, { timeout: 10_000 }).toEqual(['relay.silent']);
  opening.resolve();
  // Waits until what the connection had received is dealt with.
  await client.leave(0);
  expect(welcomes()).toBe(0);
});
