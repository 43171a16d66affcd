import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';
import { TestClock } from './run-support.ts';
import { ScriptedNode } from './scripted-node.ts';
import { smallRun } from './small-run.ts';
import { expectCommit, expectCounted, metric, pair, start, until } from './stage.ts';

describe('joining', () => {
  test.each([
    ['another protocol', 'WRONG_PROTOCOL', { protocol: 2 }],
    ['another run', 'WRONG_RUN', { run: new Uint8Array(32).fill(1) }],
    ['a signature that is none', 'BAD_SIGNATURE', { signature: new Uint8Array(64) }],
    ['a nation that the manifest does not list', 'OUT_OF_LIMIT', { nation: 2 }],
  ])('%s', async (_, code, changes) => {
    const relay = await start();
    const node = await ScriptedNode.connect(relay.url);
    await node.sendJoin(changes);
    expect(await node.refusal()).toBe(code);
    expect(await node.goodbye()).toBe('REFUSED');
    expect(await node.closed).toBe(1000);
    await expectCounted(relay, code);
    expect(relay.status().nodes).toEqual([]);
  });

  test('any run, a corpus of one’s own, and a nonce that is good once', async () => {
    const relay = await start();
    const node = await ScriptedNode.connect(relay.url);
    await node.sendJoin({ run: new Uint8Array(32), nation: 0xffff_ffff });
    await node.next('welcome');
    expect(relay.status().nodes).toMatchObject([{ nation: null, host: 'node' }]);
    const other = await ScriptedNode.connect(relay.url, { identity: node.identity });
    const third = await ScriptedNode.connect(relay.url, { identity: node.identity });
    await other.sendJoin({ signature: await new Promise((resolve) => resolve(new Uint8Array(64).fill(1))) });
    expect(await other.refusal()).toBe('BAD_SIGNATURE');
    await third.sendJoin();
    await third.next('welcome');
  });

  test('a join token is proved, never sent', async () => {
    const relay = await start({ token: 'a long secret' });
    const wrong = await ScriptedNode.connect(relay.url);
    await wrong.sendJoin({}, 'another secret');
    expect(await wrong.refusal()).toBe('BAD_TOKEN');
    const none = await ScriptedNode.connect(relay.url);
    await none.sendJoin({});
    expect(await none.refusal()).toBe('BAD_TOKEN');
    await expectCounted(relay, 'BAD_TOKEN', 2);
    const right = await ScriptedNode.connect(relay.url);
    await right.sendJoin({}, 'a long secret');
    await right.next('welcome');
  });

  test('whoever speaks before joining is turned away', async () => {
    const relay = await start();
    const node = await ScriptedNode.connect(relay.url);
    node.sendHeartbeat(1);
    expect(await node.refusal()).toBe('UNEXPECTED');
    expect(await node.goodbye()).toBe('REFUSED');
    const loud = await ScriptedNode.connect(relay.url);
    loud.send(new Uint8Array(5000));
    expect(await loud.refusal()).toBe('OUT_OF_LIMIT');
    expect(await loud.goodbye()).toBe('REFUSED');
  });

  test('a second connection of one key takes the place of the first', async () => {
    const relay = await start();
    const { first, second, opened } = await pair(relay);
    const newer = await ScriptedNode.join(relay.url, { identity: first.identity });
    expect(await first.refusal()).toBe('ALREADY_CONNECTED');
    expect(await first.goodbye()).toBe('REFUSED');
    expect(await first.closed).toBe(1000);
    await expectCounted(relay, 'ALREADY_CONNECTED');
    expect(relay.status().nodes.length).toBe(2);
    expect(await metric(relay, 'tapestry_nodes{host="node"}')).toBe(2);
    await newer.next('roundOpen');
    await expectCommit(newer, second, opened);
  });

  test('no more nodes than the manifest allows, no more connections than an address may have', async () => {
    const relay = await start({ create: smallRun({ maxNodes: 2 }) }, { connectionsPerAddress: 3 });
    const { first } = await pair(relay);
    const third = await ScriptedNode.connect(relay.url);
    const fourth = await ScriptedNode.open(relay.url);
    expect(await fourth.refusal()).toBe('TOO_MANY');
    expect(await fourth.goodbye()).toBe('REFUSED');
    await third.sendJoin();
    expect(await third.refusal()).toBe('TOO_MANY');
    await third.closed;
    await expectCounted(relay, 'TOO_MANY', 2);
    await ScriptedNode.join(relay.url, { identity: first.identity });
  });
});

describe('time and floods', () => {
  test('a node that falls silent is dropped, and one that speaks is not', async () => {
    const clock = new TestClock();
    const relay = await start({ clock }, { silence: 300 });
    const { first, second } = await pair(relay);
    clock.time += 200;
    second.sendHeartbeat(1);
    await until(() => relay.status().nodes[1]?.steps === 1);
    clock.time += 200;
    expect(await first.refusal()).toBe('TIMEOUT');
    expect(await first.goodbye()).toBe('SILENT');
    await first.closed;
    await expectCounted(relay, 'TIMEOUT');
    expect(relay.status().nodes.length).toBe(1);
  });

  test('a connection that never joins is dropped', async () => {
    const clock = new TestClock();
    const relay = await start({ clock }, { join: 200 });
    const node = await ScriptedNode.connect(relay.url);
    clock.time += 200;
    expect(await node.refusal()).toBe('TIMEOUT');
    expect(await node.goodbye()).toBe('SILENT');
  });

  test('a node that answers no goodbye is cut off', async () => {
    const clock = new TestClock();
    const relay = await start({ clock }, { silence: 100, close: 200 });
    const node = await ScriptedNode.join(relay.url);
    node.socket.pause();
    clock.time += 100;
    await until(() => relay.status().nodes.length === 0);
  });

  test('who is slow to ask is cut off', async () => {
    const relay = await start({}, { headers: 200 });
    const socket = connect(Number(relay.url.port), relay.url.hostname);
    socket.write('GET / HTTP/1.1\r\nhost: ');
    expect(await text(socket)).toMatch(/^(HTTP\/1\.1 408 |$)/);
  });

  test('a flood of messages ends the connection, and so does a flood of refusals', async () => {
    const relay = await start({}, { messagesPerSecond: 10, messageBurst: 50, refusals: 5 });
    const { first, second, opened } = await pair(relay);
    const third = await ScriptedNode.join(relay.url);
    for (let i = 0; i < 60; i++) third.sendHeartbeat(1);
    expect(await third.refusal()).toBe('TOO_MANY');
    expect(await third.goodbye()).toBe('REFUSED');
    const fourth = await ScriptedNode.join(relay.url);
    for (let i = 0; i < 10; i++) fourth.send(new Uint8Array(3));
    expect(await fourth.goodbye()).toBe('REFUSED');
    await expectCounted(relay, 'MALFORMED', 5);
    await expectCommit(first, second, opened);
  });

  test('what nodes said while the relay itself was busy is no silence', async () => {
    const clock = new TestClock();
    const relay = await start({ clock }, { silence: 2000, heartbeat: 500 });
    const { first, second, opened } = await pair(relay);
    clock.time += 2500;
    await expectCommit(first, second, opened);
    expect(await metric(relay, 'tapestry_refusals_total{code="timeout"}')).toBe(0);
  });
});
