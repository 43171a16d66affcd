import { Agent } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';
import { defaultLimits } from '../../../relay/server/limits.ts';
import { TestClock } from '../../support/relay/run-support.ts';
import { type Identity, payloadOf, ScriptedNode, transportNames } from '../../support/relay/scripted-node.ts';
import { smallRun } from '../../support/relay/small-run.ts';
import { expectCommit, expectCounted, metric, pair, start, until } from '../../support/relay/stage.ts';

describe.each(transportNames)('joining over %s', (transport) => {
  test.each([
    ['another protocol', 'WRONG_PROTOCOL', { protocol: 1 }],
    ['another run', 'WRONG_RUN', { run: new Uint8Array(32).fill(1) }],
    ['a signature that is none', 'BAD_SIGNATURE', { signature: new Uint8Array(64) }],
    ['a corpus that the manifest does not list', 'OUT_OF_LIMIT', { corpus: 2 }],
  ])('%s', async (_, code, changes) => {
    const relay = await start();
    const node = await ScriptedNode.connect(relay.url, { transport });
    await node.sendJoin(changes);
    expect(await node.refusal()).toBe(code);
    expect(await node.goodbye()).toBe('REFUSED');
    expect(await node.closed).toBe(1000);
    await expectCounted(relay, code);
    expect(relay.status().nodes).toEqual([]);
  });

  test('accepts any run, a corpus of the node’s own, and a nonce only once', async () => {
    const relay = await start();
    const node = await ScriptedNode.connect(relay.url, { transport });
    await node.sendJoin({ run: new Uint8Array(32), corpus: 0xffff_ffff });
    await node.next('welcome');
    expect(relay.status().nodes).toMatchObject([{ corpus: null, host: 'node' }]);
    const other = await ScriptedNode.connect(relay.url, { transport, identity: node.identity });
    const third = await ScriptedNode.connect(relay.url, { transport, identity: node.identity });
    await other.sendJoin({ signature: await new Promise((resolve) => resolve(new Uint8Array(64).fill(1))) });
    expect(await other.refusal()).toBe('BAD_SIGNATURE');
    await third.sendJoin();
    await third.next('welcome');
  });

  test('a node proves the join token without sending it', async () => {
    const relay = await start({ token: 'a long secret' });
    const wrong = await ScriptedNode.connect(relay.url, { transport });
    await wrong.sendJoin({}, 'another secret');
    expect(await wrong.refusal()).toBe('BAD_TOKEN');
    const none = await ScriptedNode.connect(relay.url, { transport });
    await none.sendJoin({});
    expect(await none.refusal()).toBe('BAD_TOKEN');
    await expectCounted(relay, 'BAD_TOKEN', 2);
    const right = await ScriptedNode.connect(relay.url, { transport });
    await right.sendJoin({}, 'a long secret');
    await right.next('welcome');
  });

  test('wrong tokens are answered later and later, and a right one of the same address at once', async () => {
    const clock = new TestClock();
    const relay = await start(
      { token: 'secret', clock },
      { wrongTokenBurst: 2, wrongTokensPerSecond: 0.001, wrongTokenDelay: 800 },
    );
    const answerTo = async (token: string) => {
      const node = await ScriptedNode.connect(relay.url, { transport });
      await node.sendJoin({}, token);
      return node;
    };
    for (let guess = 0; guess < 2; guess++)
      expect(await (await answerTo(`guess ${guess}`)).refusal()).toBe('BAD_TOKEN');
    for (const delay of [250, 500, 800, 800]) {
      const guess = await answerTo(`${delay}`);
      await (await answerTo('secret')).next('welcome');
      clock.pass(delay - 1);
      await (await answerTo('secret')).next('welcome');
      expect(guess.heard).toEqual([]);
      clock.pass(1);
      expect(await guess.refusal()).toBe('BAD_TOKEN');
    }
  });

  test('an invitation admits its number of nodes, each address alike, and a key that left keeps its seat in the round', async () => {
    const invitations = [
      { token: 'for two', seats: 2 },
      { token: 'for one', seats: 1 },
    ];
    const relay = await start({ invitations, create: smallRun({ quorum: 1, target: 3, graceMs: 60_000 }) });
    const joins = async (token: string, identity?: Identity) => {
      const node = await ScriptedNode.connect(relay.url, { transport, ...(identity ? { identity } : {}) });
      await node.sendJoin({}, token);
      return node;
    };
    const first = await joins('for two');
    const opened = await first.next('roundOpen');
    await (await joins('for one')).next('welcome');
    expect(await (await joins('for one')).refusal()).toBe('TOO_MANY');
    const second = await joins('for two');
    await second.next('welcome');
    second.vanish();
    await until(() => relay.status().nodes.length === 2);
    // Another key would be a second voice of the same person in this round.
    expect(await (await joins('for two')).refusal()).toBe('TOO_MANY');
    const back = await joins('for two', second.identity);
    await back.next('welcome');
    back.vanish();
    await until(() => relay.status().nodes.length === 2);
    const third = await joins('for one', first.identity);
    expect(await third.refusal()).toBe('TOO_MANY');
    await first.contribute(opened, payloadOf(1));
  });

  test('without a token one address has a small number of seats', async () => {
    const relay = await start({}, { seatsPerAddress: defaultLimits.seatsPerAddress });
    for (let node = 0; node < 4; node++) await ScriptedNode.join(relay.url, { transport });
    const fifth = await ScriptedNode.connect(relay.url, { transport });
    await fifth.sendJoin();
    expect(await fifth.refusal()).toBe('TOO_MANY');
    expect(await metric(relay, 'tapestry_over_limit_total{resource="seats",scope="each"}')).toBe(1);
    const elsewhere = await ScriptedNode.connect(relay.url, {
      socket: { agent: new Agent({ localAddress: '127.0.0.2' }) },
    });
    await elsewhere.sendJoin();
    await elsewhere.next('welcome');
  });

  test('repeated joining and leaving is limited to a rate, for a key and for an address', async () => {
    const clock = new TestClock();
    const relay = await start(
      { clock },
      { keyJoinBurst: 2, keyJoinsPerSecond: 1, joinBurst: 6, joinsPerSecond: 1 },
    );
    const { first, second } = await pair(relay, transport);
    const again = async (identity: Identity) => {
      const node = await ScriptedNode.connect(relay.url, { transport, identity });
      await node.sendJoin();
      return node;
    };
    await (await again(first.identity)).next('welcome');
    expect(await (await again(first.identity)).refusal()).toBe('TOO_MANY');
    await (await again(second.identity)).next('welcome');
    await ScriptedNode.join(relay.url, { transport });
    const another = await ScriptedNode.connect(relay.url, { transport });
    await another.sendJoin();
    expect(await another.refusal()).toBe('TOO_MANY');
    clock.pass(1000);
    await (await again(first.identity)).next('welcome');
  });

  test('a node that sends messages before joining is refused', async () => {
    const relay = await start();
    const node = await ScriptedNode.connect(relay.url, { transport });
    node.sendHeartbeat(1);
    expect(await node.refusal()).toBe('UNEXPECTED');
    expect(await node.goodbye()).toBe('REFUSED');
    const loud = await ScriptedNode.connect(relay.url, { transport });
    loud.send(new Uint8Array(5000));
    expect(await loud.refusal()).toBe('OUT_OF_LIMIT');
    expect(await loud.goodbye()).toBe('REFUSED');
  });

  test('a second connection of the same key replaces the first', async () => {
    const relay = await start();
    const { first, second, opened } = await pair(relay, transport);
    const newer = await ScriptedNode.join(relay.url, { transport, identity: first.identity });
    expect(await first.refusal()).toBe('ALREADY_CONNECTED');
    expect(await first.goodbye()).toBe('REFUSED');
    expect(await first.closed).toBe(1000);
    await expectCounted(relay, 'ALREADY_CONNECTED');
    expect(relay.status().nodes.length).toBe(2);
    expect(await metric(relay, 'tapestry_nodes{host="node"}')).toBe(2);
    await newer.next('roundOpen');
    await expectCommit(newer, second, opened);
  });

  test('nodes are limited by the manifest, and connections by address', async () => {
    const relay = await start({ create: smallRun({ maxNodes: 2 }) }, { connectionsPerAddress: 3 });
    const { first } = await pair(relay, transport);
    const third = await ScriptedNode.connect(relay.url, { transport });
    const fourth = await ScriptedNode.open(relay.url, { transport });
    expect(await fourth.refusal()).toBe('TOO_MANY');
    expect(await fourth.goodbye()).toBe('REFUSED');
    await third.sendJoin();
    expect(await third.refusal()).toBe('TOO_MANY');
    await third.closed;
    await expectCounted(relay, 'TOO_MANY', 2);
    await ScriptedNode.join(relay.url, { transport, identity: first.identity });
  });
});

describe.each(transportNames)('time and floods over %s', (transport) => {
  test('a silent node is dropped, and one that sends messages is not', async () => {
    const clock = new TestClock();
    const relay = await start({ clock }, { silence: 300 });
    const { first, second } = await pair(relay, transport);
    clock.pass(200);
    second.sendHeartbeat(1);
    await until(() => relay.status().nodes[1]?.steps === 1);
    clock.pass(200);
    expect(await first.refusal()).toBe('TIMEOUT');
    expect(await first.goodbye()).toBe('SILENT');
    await first.closed;
    await expectCounted(relay, 'TIMEOUT');
    expect(relay.status().nodes.length).toBe(1);
  });

  test('a connection that never joins is dropped', async () => {
    const clock = new TestClock();
    const relay = await start({ clock }, { join: 200 });
    const node = await ScriptedNode.connect(relay.url, { transport });
    clock.pass(200);
    expect(await node.refusal()).toBe('TIMEOUT');
    expect(await node.goodbye()).toBe('SILENT');
  });

  test('a step of the wall clock drops no node and lengthens no deadline', async () => {
    const clock = new TestClock();
    const relay = await start({ clock }, { silence: 1000, heartbeat: 500 });
    const { first, second, opened } = await pair(relay, transport);
    clock.step(-60 * 24 * 3_600_000);
    const late = await ScriptedNode.join(relay.url, { transport });
    expect((await late.next('roundOpen')).deadlineMs).toBeLessThanOrEqual(20_000);
    await expectCommit(first, second, opened);
    expect(relay.status().nodes).toHaveLength(3);
  });

  test('a flood of messages or of refusals ends the connection', async () => {
    const relay = await start({}, { messagesPerSecond: 10, messageBurst: 50, refusals: 5 });
    const { first, second, opened } = await pair(relay, transport);
    const third = await ScriptedNode.join(relay.url, { transport });
    for (let i = 0; i < 60; i++) third.sendHeartbeat(1);
    expect(await third.refusal()).toBe('TOO_MANY');
    expect(await third.goodbye()).toBe('REFUSED');
    const fourth = await ScriptedNode.join(relay.url, { transport });
    for (let i = 0; i < 10; i++) fourth.send(new Uint8Array(3));
    expect(await fourth.goodbye()).toBe('REFUSED');
    await expectCounted(relay, 'MALFORMED', 5);
    await expectCommit(first, second, opened);
  });

  test('a busy relay does not count its own pause as silence of the nodes', async () => {
    const clock = new TestClock();
    const relay = await start({ clock }, { silence: 2000, heartbeat: 500 });
    const { first, second, opened } = await pair(relay, transport);
    clock.pass(2500);
    await expectCommit(first, second, opened);
    expect(await metric(relay, 'tapestry_refusals_total{code="timeout"}')).toBe(0);
  });
});

test('a node that does not answer a goodbye is cut off', async () => {
  const clock = new TestClock();
  const relay = await start({ clock }, { silence: 100, close: 200 });
  const node = await ScriptedNode.join(relay.url);
  node.socket.pause();
  clock.pass(100);
  await until(() => relay.status().nodes.length === 0);
});

test('a client that sends its request slowly is cut off', async () => {
  const relay = await start({}, { headers: 200 });
  const socket = connect(Number(relay.url.port), relay.url.hostname);
  socket.write('GET / HTTP/1.1\r\nhost: ');
  expect(await text(socket)).toMatch(/^(HTTP\/1\.1 408 |$)/);
});
