import { existsSync } from 'node:fs';
import { rename, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import * as v from 'valibot';
import { describe, expect, test } from 'vitest';
import { encodeToRelay } from '../../../relay/wire/frames.ts';
import { fromHex, toHex } from '../../../relay/wire/hex.ts';
import {
  acknowledgementBytes,
  manifestSignedBytes,
  verifySignature,
} from '../../../relay/wire/signatures.ts';
import { statusHistorySchema, statusSnapshotSchema } from '../../../relay/wire/status.ts';
import { NodeState } from '../../../relay/wire/tapestry_pb.js';
import { TestClock } from '../../support/relay/run-support.ts';
import { payloadOf, ScriptedNode, transportNames } from '../../support/relay/scripted-node.ts';
import { parameters, payloadBytes, smallRun } from '../../support/relay/small-run.ts';
import {
  expectCommit,
  expectCounted,
  get,
  journal,
  metric,
  pair,
  start,
  until,
} from '../../support/relay/stage.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

describe.each(transportNames)('a run over %s', (transport) => {
  test('goes from join to commit to completion, and all of it can be read', async () => {
    const relay = await start({ create: smallRun({ rounds: 2 }) });
    const node = await ScriptedNode.connect(relay.url, { transport });
    await node.sendJoin();
    const welcome = await node.next('welcome');
    const manifest = new Uint8Array(welcome.manifest);
    const relayKey = relay.manifest.relayKey;
    expect(await verifySignature(relayKey, manifestSignedBytes(manifest), welcome.signature)).toBe(true);
    expect(welcome.round).toBe(1);
    expect(relay.status()).toMatchObject({ round: { phase: 'waiting', number: 1 } });

    const other = await ScriptedNode.join(relay.url, { transport, corpus: 1 });
    const opened = await node.next('roundOpen');
    expect(opened.deadlineMs).toBe(20_000);
    expect(toHex(opened.base)).toBe(toHex(welcome.base));
    node.sendHeartbeat(1, NodeState.TRAINING);
    await until(() => relay.status().nodes[0]?.state === 'training');

    const payload = payloadOf(1);
    const receipt = await node.contribute(opened, payload);
    const run = fromHex(relay.runId);
    expect(await verifySignature(relayKey, acknowledgementBytes(run, receipt), receipt.signature)).toBe(true);
    await other.contribute(opened, payloadOf(2));
    const commit = await other.next('commit');
    const stored = await get(relay, `blobs/${toHex(receipt.payload)}`);
    expect(Buffer.compare(new Uint8Array(await stored.arrayBuffer()), payload)).toBe(0);
    const committed = toHex(commit.state[0] ?? new Uint8Array());

    const base = await relay.base();
    expect(base).toMatchObject({ round: 1, hash: committed });
    const published = await get(relay, `blobs/${committed}`);
    const bytes = new Uint8Array(base.parameters.buffer);
    expect(Buffer.compare(new Uint8Array(await published.arrayBuffer()), bytes)).toBe(0);

    const second = await node.next('roundOpen');
    expect(second.round).toBe(2);
    await node.contribute(second, payloadOf(3));
    const late = await ScriptedNode.join(relay.url, { transport });
    expect(toHex((await late.next('roundOpen')).base)).toBe(committed);
    await other.contribute(second, payloadOf(4));
    expect(await node.goodbye()).toBe('RUN_COMPLETE');
    expect(await node.closed).toBe(1000);
    await relay.complete;

    const status = v.parse(statusSnapshotSchema, await (await get(relay, 'api/status')).json());
    const { history } = v.parse(statusHistorySchema, await (await get(relay, 'api/history')).json());
    expect(status.round).toMatchObject({ phase: 'complete', number: 2 });
    expect(history.map(({ heldOutLoss }) => heldOutLoss)).toEqual([
      [3.5, 3.5],
      [3.5, 3.5],
    ]);
    const steps = 4 * 4;
    expect(status.totals).toMatchObject({ contributions: 4, bytesDataParallel: 2 * 4 * parameters * steps });
    expect(status.totals.bytesUp).toBeGreaterThan(4 * payloadBytes);
    // What a reader downloads to check the relay is counted apart: the run did not take it.
    const blobs = await metric(relay, 'tapestry_wire_bytes_total{direction="down",message="blob"}');
    const read = await metric(relay, 'tapestry_wire_bytes_total{direction="down",message="contribution"}');
    expect([blobs, read]).toEqual([4 * parameters, payloadBytes]);
    expect(status.totals.bytesDown).toBeGreaterThan(4 * parameters);
    expect(await metric(relay, 'tapestry_rounds_total{outcome="committed"}')).toBe(2);
    expect(await metric(relay, 'tapestry_contributions_total')).toBe(4);
    expect(await metric(relay, 'tapestry_round_duration_seconds_count')).toBe(2);
    expect(await metric(relay, 'tapestry_journal_sync_seconds_count')).toBe(4);
    expect((await journal(relay)).map(({ kind }) => kind)).toContain('run-complete');
    const again = await ScriptedNode.join(relay.url, { transport });
    expect(await again.goodbye()).toBe('RUN_COMPLETE');
  });

  test('an interrupted upload resumes at its offset, even after a restart of the relay', async () => {
    const folder = temporaryFolder();
    const relay = await start({ folder });
    const { first, second, opened } = await pair(relay, transport);
    const payload = payloadOf(1);
    await first.sendOffer(opened, payload);
    expect((await first.next('resume')).offset).toBe(0);
    first.sendChunks(payload, 0, 30_000, 10_000);
    await until(
      async () => (await metric(relay, 'tapestry_wire_bytes_total{direction="up",message="chunk"}')) > 30_000,
    );
    first.vanish();
    await until(() => relay.status().nodes.length === 1);
    const back = await ScriptedNode.join(relay.url, { transport, identity: first.identity });
    await back.sendOffer(await back.next('roundOpen'), payload);
    expect((await back.next('resume')).offset).toBe(30_000);
    back.sendChunks(payload, 30_000, 50_000, 10_000);
    await back.sendOffer(opened, payload);
    expect((await back.next('resume')).offset).toBe(50_000);
    await relay.close();
    expect(await second.goodbye()).toBe('RELAY_STOPPING');

    const restarted = await start({ folder });
    expect(restarted.runId).toBe(relay.runId);
    const third = await ScriptedNode.join(restarted.url, { transport, identity: first.identity });
    const reopened = await third.next('roundOpen');
    expect(reopened.round).toBe(opened.round);
    await third.sendOffer(reopened, payload);
    expect((await third.next('resume')).offset).toBe(50_000);
    third.sendChunks(payload, 50_000);
    await third.next('acknowledgement');
    const other = await ScriptedNode.join(restarted.url, { transport });
    await other.contribute(await other.next('roundOpen'), payloadOf(2));
    expect((await third.next('commit')).contributions).toBe(2);
  });

  test('an abandoned round opens again as its next attempt, also for a node that was away', async () => {
    const clock = new TestClock();
    const relay = await start({ clock, create: smallRun({ deadlineMs: 500 }) });
    const { first, second, opened } = await pair(relay, transport);
    expect(opened.attempt).toBe(1);
    expect((await first.contribute(opened, payloadOf(1))).attempt).toBe(1);
    first.vanish();
    clock.pass(500);
    expect((await second.next('abandon')).round).toBe(1);
    const back = await ScriptedNode.join(relay.url, { transport, identity: first.identity });
    const [again, heard] = [await back.next('roundOpen'), await second.next('roundOpen')];
    expect(again).toMatchObject({ round: 1, base: opened.base, attempt: 2 });
    expect(heard.attempt).toBe(2);
    // The same delta counts in the new attempt.
    expect((await back.contribute(again, payloadOf(1))).attempt).toBe(2);
  });

  test('a node that leaves or vanishes never blocks a round', async () => {
    const relay = await start({ create: smallRun({ quorum: 2, target: 4 }) });
    const { first, second, opened } = await pair(relay, transport);
    const third = await ScriptedNode.join(relay.url, { transport });
    const fourth = await ScriptedNode.join(relay.url, { transport });
    third.send(encodeToRelay({ case: 'leave', value: { round: 1 } }));
    expect(await third.closed).toBe(1000);
    fourth.vanish();
    await expectCommit(first, second, opened);
    expect(relay.status().nodes.length).toBe(2);
  });

  test('a round without quorum is abandoned at its deadline and opened again', async () => {
    const clock = new TestClock();
    const relay = await start({ clock, create: smallRun({ deadlineMs: 300 }) });
    const { first } = await pair(relay, transport);
    clock.pass(300);
    expect((await first.next('abandon')).round).toBe(1);
    expect((await first.next('roundOpen')).round).toBe(1);
    expect(relay.status().totals.abandonedRounds).toBe(1);
    expect(await metric(relay, 'tapestry_rounds_total{outcome="abandoned"}')).toBe(1);
  });
});

test('a failing disk is reported to node and operator, and the run continues when it works again', async () => {
  const folder = temporaryFolder();
  const relay = await start({ folder });
  const { first, second, opened } = await pair(relay);
  const uploads = join(folder, 'partial');
  await rename(uploads, join(folder, 'aside'));
  await writeFile(uploads, 'in the way');
  await first.sendOffer(opened, payloadOf(1));
  await first.next('resume');
  first.sendChunks(payloadOf(1), 0);
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
  test('a relay for other machines requires a token', async () => {
    await expect(start({ host: '0.0.0.0' })).rejects.toMatchObject({ code: 'relay.token-needed' });
    const publicUrl = new URL('https://relay.example/');
    await expect(start({ publicUrl })).rejects.toMatchObject({ code: 'relay.token-needed' });
    const relay = await start({ host: '0.0.0.0', token: 'secret' });
    expect(relay.url.port).not.toBe('0');
  });

  test('a port in use is reported before anything is written', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const address = taken.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const folder = temporaryFolder();
    await expect(start({ port, folder })).rejects.toMatchObject({
      code: 'relay.port-in-use',
      next: expect.stringContaining(`--port ${port + 1}`),
    });
    expect(existsSync(join(folder, 'journal.sqlite'))).toBe(false);
    await new Promise((resolve) => taken.close(resolve));
  });

  test('sockets of other origins and names are refused', async () => {
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

  test('a relay that cannot start releases its run', async () => {
    const folder = temporaryFolder();
    const log = { info: () => expect.fail('the log is full'), warn: () => {}, error: () => {} };
    await expect(start({ folder, log })).rejects.toThrow('the log is full');
    const relay = await start({ folder });
    expect((await get(relay, 'healthz')).status).toBe(200);
  });

  test('closing takes bounded time even if clients do not read, answer or finish a request', async () => {
    const relay = await start({}, { close: 100 });
    const deaf = await ScriptedNode.join(relay.url);
    deaf.socket.pause();
    const viewer = await get(relay, 'api/events');
    const sockets = ['', 'GET / HT', 'GET /api/events HTTP/1.1\r\nhost: localhost\r\n\r\n'].map((sent) => {
      const socket = connect(Number(relay.url.port), relay.url.hostname, () => socket.write(sent));
      return socket.on('error', () => {});
    });
    await until(async () => (await metric(relay, 'tapestry_sockets')) >= 2 + sockets.length);
    const closed = sockets.map((socket) => new Promise((resolve) => socket.once('close', resolve)));
    await relay.close();
    for (const socket of sockets) socket.resume();
    await Promise.all(closed);
    await expect(viewer.text()).rejects.toThrow();
  });

  test('closing sends goodbye to all, and may be called twice', async () => {
    const relay = await start();
    const { first, second } = await pair(relay);
    const deaf = await ScriptedNode.join(relay.url);
    deaf.socket.pause();
    const closing = Promise.all([relay.close(), relay.close()]);
    expect(await first.goodbye()).toBe('RELAY_STOPPING');
    expect(await second.goodbye()).toBe('RELAY_STOPPING');
    await closing;
    await expect(fetch(new URL('healthz', relay.url))).rejects.toThrow();
  });
});
