import { create } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import { Readers } from '../../../../relay/server/http/readers.ts';
import { Invitations } from '../../../../relay/server/invitations.ts';
import { relaySource } from '../../../../relay/verify/http-source.ts';
import type { VerifySource } from '../../../../relay/verify/source.ts';
import { type VerifyReport, verifyRun } from '../../../../relay/verify/verify.ts';
import { toHex } from '../../../../relay/wire/hex.ts';
import { authorizationOf, nonceOf, type ReaderSecret } from '../../../../relay/wire/reader-proof.ts';
import { AuditorSchema, MembersSchema } from '../../../../relay/wire/tapestry_pb.js';
import { TestClock } from '../../../support/relay/run-support.ts';
import { newIdentity, payloadOf, ScriptedNode } from '../../../support/relay/scripted-node.ts';
import { smallRun } from '../../../support/relay/small-run.ts';
import { get, start } from '../../../support/relay/stage.ts';

const secret = new Invitations([{ token: 'secret', seats: 1 }], 1);
const members = { case: 'members', value: create(MembersSchema) } as const;

async function reportOf(source: VerifySource): Promise<VerifyReport> {
  const verification = verifyRun(source);
  for (;;) {
    const { done, value } = await verification.next();
    if (done) return value;
  }
}

async function proofFor(readers: Readers, secret: ReaderSecret): Promise<string> {
  return authorizationOf(secret, nonceOf(readers.challenge()) ?? '');
}

test('a member proves the token over a nonce of this relay, for ten minutes', async () => {
  const clock = new TestClock();
  const readers = new Readers(members, secret, clock);
  const proof = await proofFor(readers, { token: 'secret' });
  expect(await readers.admits(proof)).toBe('yes');
  expect(await readers.admits(await proofFor(readers, { token: 'another' }))).toBe('wrong');
  expect(await readers.admits(undefined)).toBe('unproved');
  expect(await readers.admits('Bearer secret')).toBe('unproved');
  clock.pass(600_000);
  expect(await readers.admits(proof)).toBe('yes');
  clock.pass(1);
  expect(await readers.admits(proof)).toBe('unproved');
  const elsewhere = new Readers(members, secret, clock);
  expect(await readers.admits(await proofFor(elsewhere, { token: 'secret' }))).toBe('unproved');
  const nonce = 'ab'.repeat(32);
  expect(await readers.admits(await authorizationOf({ token: 'secret' }, nonce))).toBe('unproved');
});

test('a run without a join token has no members', async () => {
  const readers = new Readers(members, new Invitations([], 1), new TestClock());
  expect(await readers.admits(await proofFor(readers, { token: '' }))).toBe('wrong');
});

test('an auditor signs with the key that the manifest names', async () => {
  const { publicKey, privateKey } = await newIdentity();
  const other = await newIdentity();
  const readers = new Readers(
    { case: 'auditor', value: create(AuditorSchema, { publicKey }) },
    secret,
    new TestClock(),
  );
  expect(await readers.admits(await proofFor(readers, { key: privateKey }))).toBe('yes');
  expect(await readers.admits(await proofFor(readers, { key: other.privateKey }))).toBe('wrong');
  expect(await readers.admits(await proofFor(readers, { token: 'secret' }))).toBe('wrong');
});

test('a closed run shows bases to anyone, and contributions to members alone and only after their round', async () => {
  const run = smallRun();
  const closed = { ...run, manifest: { ...run.manifest, contributionReaders: members } };
  const clock = new TestClock();
  const relay = await start({ create: closed, token: 'secret', clock }, { wrongTokenBurst: 2 });
  const [first, second] = [await ScriptedNode.connect(relay.url), await ScriptedNode.connect(relay.url)];
  for (const node of [first, second]) await node.sendJoin({}, 'secret');
  const opened = await first.next('roundOpen');
  const receipt = await first.contribute(opened, payloadOf(1));
  const payload = new URL(`blobs/${toHex(receipt.payload)}`, relay.url);
  expect((await fetch(payload)).status).toBe(409);

  await second.contribute(opened, payloadOf(2));
  await first.next('commit');
  const refused = await fetch(payload);
  expect(refused.status).toBe(401);
  expect(refused.headers.get('cache-control')).toBe('no-store');
  const nonce = nonceOf(refused.headers.get('www-authenticate')) ?? '';
  const read = async (token: string) =>
    fetch(payload, { headers: { authorization: await authorizationOf({ token }, nonce) } });
  const answer = await read('secret');
  expect(answer.status).toBe(200);
  expect(answer.headers.get('cache-control')).toContain('private');
  expect(Buffer.compare(new Uint8Array(await answer.arrayBuffer()), payloadOf(1))).toBe(0);
  expect([(await read('a')).status, (await read('b')).status]).toEqual([401, 401]);
  // The third wrong proof is answered later; a right one of the same address is not.
  const third = read('c');
  const late = third.then(() => 'answered');
  expect((await read('secret')).status).toBe(200);
  expect(await Promise.race([late, new Promise((resolve) => setTimeout(resolve, 50))])).toBeUndefined();
  clock.pass(250);
  expect((await third).status).toBe(401);

  const { hash } = await relay.base();
  for (const path of [`blobs/${hash}`, 'journal', 'api/status'])
    expect((await get(relay, path)).status).toBe(200);
});

test('verify reads a closed run with the token, even while a round is open, and not without it', async () => {
  const run = smallRun({ rounds: 2 });
  const create = { ...run, manifest: { ...run.manifest, contributionReaders: members } };
  const relay = await start({ create, token: 'secret' });
  const nodes = [await ScriptedNode.connect(relay.url), await ScriptedNode.connect(relay.url)];
  for (const node of nodes) await node.sendJoin({}, 'secret');
  const opened = await Promise.all(nodes.map((node) => node.next('roundOpen')));
  for (const [i, round] of opened.entries()) await nodes[i]?.contribute(round, payloadOf(i + 1));
  const second = await Promise.all(nodes.map((node) => node.next('roundOpen')));
  for (const round of second.slice(0, 1)) await nodes[0]?.contribute(round, payloadOf(3));

  const report = await reportOf(relaySource(relay.url, { secret: { token: 'secret' } }));
  expect(report).toMatchObject({ problems: [], rounds: 1, contributions: 3 });
  const stranger = reportOf(relaySource(relay.url));
  await expect(stranger).rejects.toMatchObject({ code: 'relay.closed-to-readers' });
});

test('a payload of the open round is not published, even if anyone may read contributions', async () => {
  const relay = await start();
  const [first] = [await ScriptedNode.join(relay.url), await ScriptedNode.join(relay.url)];
  const opened = await first.next('roundOpen');
  const receipt = await first.contribute(opened, payloadOf(1));
  expect((await get(relay, `blobs/${toHex(receipt.payload)}`)).status).toBe(409);
  // What is public of an open round is metadata: hashes, counts, and the losses that nodes report.
  const payload = Buffer.from(payloadOf(1)).subarray(0, 32);
  for (const path of ['journal', 'api/status', 'checkpoint', 'metrics', 'manifest']) {
    const said = Buffer.from(await (await get(relay, path)).arrayBuffer());
    for (const form of [payload, payload.toString('hex'), payload.toString('base64').slice(0, 40)])
      expect(said.includes(form), path).toBe(false);
  }
});
