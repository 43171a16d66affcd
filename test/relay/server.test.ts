import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import * as v from 'valibot';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { RelayLimits } from '../../relay/limits.ts';
import { type Relay, type RelayOptions, startRelay } from '../../relay/server.ts';
import { encodeToRelay } from '../../relay/wire/frames.ts';
import { toHex } from '../../relay/wire/hex.ts';
import { acknowledgementBytes, manifestSignedBytes, verifySignature } from '../../relay/wire/signed.ts';
import { relayStatusSchema } from '../../relay/wire/status.ts';
import { NodeState } from '../../relay/wire/tapestry_pb.js';
import { codec } from './run-support.ts';
import { newIdentity, payloadOf, ScriptedNode } from './scripted-node.ts';
import { parameters, payloadBytes, smallRun } from './small-run.ts';

const silent = { info: () => {}, warn: () => {}, error: () => {} };
const relays: Relay[] = [];
let folder = '';

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tapestry-relay-'));
});

afterEach(async () => {
  await Promise.all(relays.splice(0).map((relay) => relay.close()));
  await rm(folder, { recursive: true });
});

async function start(options: Partial<Omit<RelayOptions, 'limits'>> = {}, limits: Partial<RelayLimits> = {}) {
  const relay = await startRelay({
    folder,
    host: '127.0.0.1',
    port: 0,
    tls: 'off',
    pages: null,
    create: smallRun(),
    log: silent,
    ...options,
    limits: { tick: 10, statusInterval: 20, close: 500, ...limits },
  });
  relays.push(relay);
  return relay;
}

async function get(relay: Relay, path: string, headers: Record<string, string> = {}) {
  return fetch(new URL(path, relay.url), { headers });
}

/** The value of a sample of /metrics, written as it stands there. */
async function metric(relay: Relay, sample: string): Promise<number> {
  const text = await (await get(relay, 'metrics')).text();
  const line = text.split('\n').find((line) => line.startsWith(`${sample} `));
  return Number(line?.slice(sample.length + 1) ?? 0);
}

async function journal(relay: Relay, after = 0): Promise<{ kind: string; body: Record<string, unknown> }[]> {
  const text = await (await get(relay, `journal?after=${after}`)).text();
  return text
    .trim()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error('it never came to be');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Refused with this code: counted in the metrics and written to the journal. */
async function expectCounted(relay: Relay, name: string, times = 1) {
  const label = name.toLowerCase().replaceAll('_', '-');
  expect(await metric(relay, `tapestry_refusals_total{code="${label}"}`)).toBe(times);
  await until(async () =>
    (await journal(relay)).some(
      ({ kind, body }) => kind === 'refused' && JSON.stringify(body).includes(`"${name}":`),
    ),
  );
}

/** Two nodes that joined, and the round that this opened. */
async function pair(relay: Relay) {
  const first = await ScriptedNode.join(relay.url);
  const second = await ScriptedNode.join(relay.url, { nation: 1 });
  return { first, second, opened: await first.next('roundOpen'), alsoOpened: await second.next('roundOpen') };
}

/** Whatever was refused, the round goes on: both contribute and it commits. */
async function expectCommit(
  first: ScriptedNode,
  second: ScriptedNode,
  opened: { round: number; base: Uint8Array },
) {
  await first.contribute(opened, payloadOf(1));
  await second.contribute(opened, payloadOf(2));
  const commit = await first.next('commit');
  expect(commit).toMatchObject({ round: opened.round, contributions: 2 });
  return commit;
}

describe('a run', () => {
  test('goes from join to commit to the end, and everything of it can be read', async () => {
    const relay = await start({ create: smallRun({ rounds: 2 }) });
    const node = await ScriptedNode.connect(relay.url);
    await node.sendJoin();
    const welcome = await node.next('welcome');
    const manifest = new Uint8Array(welcome.manifest);
    const relayKey = relay.manifest.relayKey;
    expect(await verifySignature(relayKey, manifestSignedBytes(manifest), welcome.signature)).toBe(true);
    expect(welcome.round).toBe(1);
    expect(relay.status()).toMatchObject({ round: { phase: 'waiting', number: 1 } });

    const other = await ScriptedNode.join(relay.url, { nation: 1 });
    const opened = await node.next('roundOpen');
    expect(opened.deadlineMs).toBeGreaterThan(15_000);
    expect(toHex(opened.base)).toBe(toHex(welcome.base));
    node.sendHeartbeat(1, NodeState.TRAINING);
    await until(() => relay.status().nodes[0]?.state === 'training');

    const payload = payloadOf(1);
    const receipt = await node.contribute(opened, payload);
    const run = new Uint8Array(Buffer.from(relay.runId, 'hex'));
    expect(await verifySignature(relayKey, acknowledgementBytes(run, receipt), receipt.signature)).toBe(true);
    const stored = await get(relay, `blobs/${toHex(receipt.payload)}`);
    expect(Buffer.compare(new Uint8Array(await stored.arrayBuffer()), payload)).toBe(0);
    await other.contribute(opened, payloadOf(2));
    const commit = await other.next('commit');

    const base = await relay.base();
    expect(base).toMatchObject({ round: 1, hash: toHex(commit.base) });
    const published = await get(relay, `blobs/${toHex(commit.base)}`);
    const bytes = new Uint8Array(base.parameters.buffer);
    expect(Buffer.compare(new Uint8Array(await published.arrayBuffer()), bytes)).toBe(0);

    const second = await node.next('roundOpen');
    expect(second.round).toBe(2);
    await node.contribute(second, payloadOf(3));
    const late = await ScriptedNode.join(relay.url);
    expect(toHex((await late.next('roundOpen')).base)).toBe(toHex(commit.base));
    await other.contribute(second, payloadOf(4));
    expect(await node.goodbye()).toBe('RUN_COMPLETE');
    expect(await node.closed).toBe(1000);
    await relay.complete;

    const status = v.parse(relayStatusSchema, await (await get(relay, 'api/status')).json());
    expect(status.round).toMatchObject({ phase: 'complete', number: 2 });
    expect(status.history.map(({ heldOutLoss }) => heldOutLoss)).toEqual([
      [3.5, 3.5],
      [3.5, 3.5],
    ]);
    const steps = 4 * 4;
    expect(status.totals).toMatchObject({ contributions: 4, bytesDataParallel: 2 * 4 * parameters * steps });
    expect(status.totals.bytesUp).toBeGreaterThan(4 * payloadBytes);
    expect(status.totals.bytesDown).toBeGreaterThan(payloadBytes + 4 * parameters);
    expect(await metric(relay, 'tapestry_rounds_total{outcome="committed"}')).toBe(2);
    expect(await metric(relay, 'tapestry_contributions_total')).toBe(4);
    expect(await metric(relay, 'tapestry_round_duration_seconds_count')).toBe(2);
    expect(await metric(relay, 'tapestry_journal_sync_seconds_count')).toBe(4);
    expect(await metric(relay, 'tapestry_wire_bytes_total{direction="down",message="blob"}')).toBe(
      payloadBytes + 4 * parameters,
    );
    expect((await journal(relay)).map(({ kind }) => kind)).toContain('run-complete');
    const again = await ScriptedNode.join(relay.url);
    expect(await again.goodbye()).toBe('RUN_COMPLETE');
  });

  test('an upload that was cut off goes on where it was, also over a restart of the relay', async () => {
    const relay = await start();
    const { first, second, opened } = await pair(relay);
    const payload = payloadOf(1);
    await first.sendOffer(opened, payload);
    expect((await first.next('resume')).offset).toBe(0);
    first.sendChunks(payload, 0, 30_000, 10_000);
    await until(
      async () => (await metric(relay, 'tapestry_wire_bytes_total{direction="up",message="chunk"}')) > 30_000,
    );
    first.vanish();
    await until(() => relay.status().nodes.length === 1);
    const back = await ScriptedNode.join(relay.url, { identity: first.identity });
    await back.sendOffer(await back.next('roundOpen'), payload);
    expect((await back.next('resume')).offset).toBe(30_000);
    back.sendChunks(payload, 30_000, 50_000, 10_000);
    await back.sendOffer(opened, payload);
    expect((await back.next('resume')).offset).toBe(50_000);
    await relay.close();
    expect(await second.goodbye()).toBe('RELAY_STOPPING');

    const restarted = await start({ create: smallRun() });
    expect(restarted.runId).toBe(relay.runId);
    const third = await ScriptedNode.join(restarted.url, { identity: first.identity });
    const reopened = await third.next('roundOpen');
    expect(reopened.round).toBe(opened.round);
    await third.sendOffer(reopened, payload);
    expect((await third.next('resume')).offset).toBe(50_000);
    third.sendChunks(payload, 50_000);
    await third.next('acknowledgement');
    const other = await ScriptedNode.join(restarted.url);
    await other.contribute(await other.next('roundOpen'), payloadOf(2));
    expect((await third.next('commit')).contributions).toBe(2);
  });

  test('a node that leaves or vanishes never blocks a round', async () => {
    const relay = await start({ create: smallRun({ quorum: 2, target: 4 }) });
    const { first, second, opened } = await pair(relay);
    const third = await ScriptedNode.join(relay.url);
    const fourth = await ScriptedNode.join(relay.url);
    third.send(encodeToRelay({ case: 'leave', value: { round: 1 } }));
    expect(await third.closed).toBe(1000);
    fourth.vanish();
    await expectCommit(first, second, opened);
    expect(relay.status().nodes.length).toBe(2);
  });

  test('a round without its quorum is abandoned at its deadline, and opened again', async () => {
    const relay = await start({ create: smallRun({ deadlineMs: 300 }) });
    const { first } = await pair(relay);
    expect((await first.next('abandon')).round).toBe(1);
    expect((await first.next('roundOpen')).round).toBe(1);
    expect(relay.status().totals.abandonedRounds).toBe(1);
    expect(await metric(relay, 'tapestry_rounds_total{outcome="abandoned"}')).toBe(1);
  });
});

describe('bad input is refused with its code, counted and journalled, and the round goes on', () => {
  test.each([
    ['an unknown field', 'MALFORMED', (frame: Uint8Array) => Uint8Array.from([...frame, 0xf8, 0x07, 1])],
    ['a frame cut short', 'MALFORMED', (frame: Uint8Array) => frame.subarray(0, frame.length - 1)],
    ['random bytes', 'MALFORMED', () => crypto.getRandomValues(new Uint8Array(100))],
    ['an empty frame', 'MALFORMED', () => new Uint8Array()],
    [
      'NaN',
      'NOT_FINITE',
      (frame: Uint8Array) => {
        const broken = Uint8Array.from(frame);
        new DataView(broken.buffer).setFloat32(frame.length - 4, Number.NaN, true);
        return broken;
      },
    ],
    [
      'infinity',
      'NOT_FINITE',
      (frame: Uint8Array) => {
        const broken = Uint8Array.from(frame);
        new DataView(broken.buffer).setFloat32(frame.length - 4, Infinity, true);
        return broken;
      },
    ],
  ])('%s', async (_, code, spoil) => {
    const relay = await start();
    const { first, second, opened } = await pair(relay);
    const value = {
      round: 1,
      state: NodeState.TRAINING,
      steps: 1,
      tokens: 1,
      trainingLoss: 1,
      tokensPerSecond: 1,
    };
    first.send(spoil(encodeToRelay({ case: 'heartbeat', value })));
    expect(await first.refusal()).toBe(code);
    await expectCounted(relay, code);
    await expectCommit(first, second, opened);
  });

  test.each([
    ['a payload of another length', 'OUT_OF_LIMIT', { payloadBytes: payloadBytes - 1 }],
    ['more steps than asked for', 'OUT_OF_LIMIT', { steps: 11 }],
    ['more tokens than the manifest allows', 'OUT_OF_LIMIT', { tokens: 1001 }],
    ['a signature of other numbers', 'BAD_SIGNATURE', { signature: new Uint8Array(64) }],
    ['a delta for another base', 'STALE_BASE', { base: new Uint8Array(32).fill(9) }],
    ['a round that is not open yet', 'WRONG_ROUND', { round: 2 }],
  ])('%s', async (_, code, changes) => {
    const relay = await start();
    const { first, second, opened } = await pair(relay);
    await first.sendOffer(opened, payloadOf(1), changes);
    expect(await first.refusal()).toBe(code);
    await expectCounted(relay, code);
    await expectCommit(first, second, opened);
  });

  test('bytes that do not hash to what was offered, and bytes that are not on the grid', async () => {
    const relay = await start();
    const { first, second, opened } = await pair(relay);
    await first.sendOffer(opened, payloadOf(1));
    await first.next('resume');
    first.sendChunks(payloadOf(2), 0);
    expect(await first.refusal()).toBe('BAD_HASH');
    await expectCounted(relay, 'BAD_HASH');

    const offGrid = payloadOf(1);
    offGrid[0] = 200;
    await first.sendOffer(opened, offGrid);
    await first.next('resume');
    first.sendChunks(offGrid, 0);
    expect(await first.refusal()).toBe('BAD_PAYLOAD');
    await expectCounted(relay, 'BAD_PAYLOAD');

    const tooLong = new Uint8Array(payloadBytes).fill(100);
    for (let at = 0; at < payloadBytes; at += 1 + codec.block) tooLong[at] = codec.maxShift;
    await first.sendOffer(opened, tooLong);
    await first.next('resume');
    first.sendChunks(tooLong, 0);
    expect(await first.refusal()).toBe('NORM_EXCEEDED');
    await expectCounted(relay, 'NORM_EXCEEDED');
    await expectCommit(first, second, opened);
  });

  test('a delta for an old base, and a second delta in a round', async () => {
    const relay = await start({ create: smallRun({ target: 3, graceMs: 60_000 }) });
    const { first, second, opened } = await pair(relay);
    const third = await ScriptedNode.join(relay.url);
    await first.contribute(opened, payloadOf(1));
    await first.sendOffer(opened, payloadOf(3));
    expect(await first.refusal()).toBe('DUPLICATE');
    await expectCounted(relay, 'DUPLICATE');
    await second.contribute(opened, payloadOf(2));
    await third.contribute(opened, payloadOf(3));
    await first.next('commit');
    const next = await first.next('roundOpen');
    await first.sendOffer({ round: next.round, base: opened.base }, payloadOf(1));
    expect(await first.refusal()).toBe('STALE_BASE');
    await second.sendOffer(opened, payloadOf(1));
    expect(await second.refusal()).toBe('TOO_LATE');
    await expectCounted(relay, 'STALE_BASE');
    await expectCounted(relay, 'TOO_LATE');
  });

  test('messages out of place', async () => {
    const relay = await start();
    const { first, second, opened } = await pair(relay);
    await first.sendJoin();
    expect(await first.refusal()).toBe('UNEXPECTED');
    first.sendChunks(payloadOf(1), 0, 10);
    expect(await first.refusal()).toBe('UNEXPECTED');
    await first.sendOffer(opened, payloadOf(1));
    await first.next('resume');
    first.sendChunks(payloadOf(1), 100, 300, 50);
    expect(await first.refusal()).toBe('UNEXPECTED');
    // The chunks that were still on their way are not refused one by one.
    await expectCounted(relay, 'UNEXPECTED', 3);
    await expectCommit(first, second, opened);
  });

  test('text instead of bytes, and frames longer than any message', async () => {
    const relay = await start({ create: smallRun({ target: 4 }) });
    const { first, second, opened } = await pair(relay);
    const third = await ScriptedNode.join(relay.url);
    third.socket.send('secret');
    expect(await third.refusal()).toBe('MALFORMED');
    expect(await third.goodbye()).toBe('REFUSED');
    const fourth = await ScriptedNode.join(relay.url);
    fourth.send(new Uint8Array(70_000));
    expect(await fourth.closed).toBe(1009);
    await expectCounted(relay, 'OUT_OF_LIMIT');
    const fifth = await ScriptedNode.join(relay.url);
    for (let i = 0; i < 70; i++) fifth.socket.send(new Uint8Array(1), { fin: i === 69 });
    expect(await fifth.closed).toBe(1008);
    await expectCommit(first, second, opened);
  });
});

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
    const relay = await start({}, { silence: 300 });
    const { first, second } = await pair(relay);
    const speaking = setInterval(() => second.sendHeartbeat(1), 50);
    expect(await first.refusal()).toBe('TIMEOUT');
    expect(await first.goodbye()).toBe('SILENT');
    await first.closed;
    await expectCounted(relay, 'TIMEOUT');
    expect(relay.status().nodes.length).toBe(1);
    clearInterval(speaking);
  });

  test('a connection that never joins is dropped', async () => {
    const relay = await start({}, { join: 200 });
    const node = await ScriptedNode.connect(relay.url);
    expect(await node.refusal()).toBe('TIMEOUT');
    expect(await node.goodbye()).toBe('SILENT');
  });

  test('a node that answers no goodbye is cut off', async () => {
    const relay = await start({}, { silence: 100, close: 200 });
    const node = await ScriptedNode.join(relay.url);
    node.socket.pause();
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
});

test('a disk that fails is said to the node and to the operator, and once it works again the run goes on', async () => {
  const relay = await start();
  const { first, second, opened } = await pair(relay);
  const uploads = join(folder, 'partial');
  await rename(uploads, join(folder, 'aside'));
  await writeFile(uploads, 'in the way');
  await first.sendOffer(opened, payloadOf(1));
  expect(await first.refusal()).toBe('STORAGE');
  const failing = await get(relay, 'healthz');
  expect([failing.status, await failing.json()]).toMatchObject([503, { status: 'storage-failing' }]);
  await rm(uploads);
  await rename(join(folder, 'aside'), uploads);
  await expectCommit(first, second, opened);
  expect((await get(relay, 'healthz')).status).toBe(200);
  await expectCounted(relay, 'STORAGE');
});

describe('where it listens', () => {
  test('other machines are let in with a token only', async () => {
    await expect(start({ host: '0.0.0.0' })).rejects.toMatchObject({ code: 'relay.token-needed' });
    const relay = await start({ host: '0.0.0.0', token: 'secret' });
    expect(relay.url.port).not.toBe('0');
  });

  test('a port in use is said before anything is written', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const address = taken.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    await expect(start({ port })).rejects.toMatchObject({
      code: 'relay.port-in-use',
      next: expect.stringContaining(`--port ${port + 1}`),
    });
    await expect(readFile(join(folder, 'journal.sqlite'))).rejects.toMatchObject({ code: 'ENOENT' });
    await new Promise((resolve) => taken.close(resolve));
  });

  test('sockets of other origins and of other names are not opened', async () => {
    const relay = await start();
    const open = (headers: Record<string, string>) => ScriptedNode.open(relay.url, { socket: { headers } });
    await expect(open({ origin: 'http://evil.example' })).rejects.toThrow('403');
    const rebound = {
      host: `evil.example:${relay.url.port}`,
      origin: `http://evil.example:${relay.url.port}`,
    };
    await expect(open(rebound)).rejects.toThrow('403');
    await open({ origin: relay.url.origin });
  });

  test('closing says goodbye to all, and can be asked for twice', async () => {
    const relay = await start();
    const { first, second } = await pair(relay);
    const deaf = await ScriptedNode.join(relay.url, { identity: await newIdentity() });
    deaf.socket.pause();
    const started = performance.now();
    const closing = Promise.all([relay.close(), relay.close()]);
    expect(await first.goodbye()).toBe('RELAY_STOPPING');
    expect(await second.goodbye()).toBe('RELAY_STOPPING');
    await closing;
    expect(performance.now() - started).toBeLessThan(5_000);
    await expect(fetch(new URL('healthz', relay.url))).rejects.toThrow();
  });
});
