import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { create } from '@bufbuild/protobuf';
import { beforeAll, expect, test } from 'vitest';
import { nodeFiles } from '../../relay/files.ts';
import { Journal } from '../../relay/journal.ts';
import { type NewRun, Run, type RunEvent } from '../../relay/run.ts';
import { disk } from '../../relay/run-folder.ts';
import { hashOfBytes } from '../../relay/store.ts';
import { encodeDense } from '../../relay/wire/dense.ts';
import { fromHex } from '../../relay/wire/hex.ts';
import { acknowledgementBytes, verifySignature } from '../../relay/wire/signed.ts';
import { ChunkSchema, RefusalCode } from '../../relay/wire/tapestry_pb.js';
import {
  codec,
  contribute,
  drawnPayload,
  offerFor,
  settled,
  TestClock,
  type TestNode,
  testNodes,
  tinyRun,
} from './run-support.ts';
import { temporaryFolder } from './temporary-folder.ts';

const clock = new TestClock();
let a: TestNode;
let b: TestNode;
let c: TestNode;

beforeAll(async () => {
  const [first, second, third] = await testNodes(3);
  if (!first || !second || !third) throw new Error('no nodes');
  [a, b, c] = [first, second, third];
});

/** A run with round 1 open and three nodes in it. */
async function openRound(folder = temporaryFolder(), created: NewRun = tinyRun()): Promise<Run> {
  const run = await Run.open(folder, created, clock.now);
  for (const [i, node] of [a, b, c].entries()) run.nodeJoined(node.key, 'node', i < 2 ? i : null);
  await settled(run);
  return run;
}

function kindsIn(folder: string): string[] {
  const journal = new Journal(`${folder}/journal.sqlite`);
  const kinds = [...journal.entries()].map(({ kind }) => kind);
  journal.close();
  return kinds;
}

test('a run goes through its rounds and is the same after each restart', async () => {
  const folder = temporaryFolder();
  let run = await Run.open(folder, tinyRun(), clock.now);
  const bases = [run.current().base];
  for (let round = 1; round <= 3; round++) {
    for (const node of [a, b, c]) run.nodeJoined(node.key, 'node', 0);
    await settled(run);
    expect(run.current()).toMatchObject({ round, phase: 'training', contributions: 0 });
    for (const [i, node] of [a, b, c].entries()) {
      expect(await contribute(run, node, drawnPayload(100, round * 10 + i))).toMatchObject({ round });
    }
    await settled(run);
    bases.push(run.current().base);
    const { hash, parameters } = run.base();
    expect(hashOfBytes(new Uint8Array(parameters.buffer))).toBe(hash);
    await run.close();
    run = await Run.open(folder, undefined, clock.now);
    expect(run.current().base).toBe(bases.at(-1));
    expect(run.base().parameters).toEqual(parameters);
  }
  expect(new Set(bases).size).toBe(4);
  expect(run.current()).toMatchObject({ round: 3, phase: 'complete' });
  expect(run.history().map(({ round, base }) => [round, base])).toEqual(
    [1, 2, 3].map((round) => [round, bases[round]]),
  );
  expect(run.totals()).toEqual({ tokens: 9 * 320, contributions: 9, refusals: 0, abandonedRounds: 0 });
  await run.close();
  expect(kindsIn(folder).filter((kind) => kind === 'run-complete')).toHaveLength(1);
});

test('the receipt is the relay’s signature of what the journal holds', async () => {
  const run = await openRound();
  const payload = drawnPayload(100, 1);
  const receipt = await contribute(run, a, payload);
  if (typeof receipt === 'string') throw new Error(receipt);
  const signed = acknowledgementBytes(fromHex(run.id), receipt);
  expect(await verifySignature(run.manifest.relayKey, signed, receipt.signature)).toBe(true);
  const lines: string[] = [];
  for await (const line of run.journalAfter(Number(receipt.sequence) - 1)) lines.push(line);
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({
    kind: 'contribution-accepted',
    body: { key: a.key, payload: hashOfBytes(payload), trainingLoss: Math.fround(2.3) },
  });
  const path = await run.blob(hashOfBytes(payload));
  expect(new Uint8Array(readFileSync(path ?? ''))).toEqual(payload);
  await run.close();
});

test('history averages losses by tokens, and held-out losses by nation', async () => {
  const run = await openRound();
  await contribute(run, a, drawnPayload(100, 1), { tokens: 100, trainingLoss: 2, heldOutLoss: 4 });
  await contribute(run, b, drawnPayload(100, 2), { tokens: 300, trainingLoss: 4, heldOutLoss: 5 });
  await contribute(run, c, drawnPayload(100, 3), { tokens: 400, trainingLoss: 1, heldOutLoss: 9 });
  await settled(run);
  expect(run.history()[0]).toMatchObject({
    round: 1,
    contributions: 3,
    tokens: 800,
    trainingLoss: (2 * 100 + 4 * 300 + 400) / 800,
    heldOutLoss: [4, 5],
  });
  expect(run.contributor(b.key)).toEqual({ tokens: 300, contributions: 1, trainingLoss: 4, heldOutLoss: 5 });
  await run.close();
});

test('what is wrong with an offer or a payload is refused with its code, and the round goes on', async () => {
  const run = await openRound();
  const payload = drawnPayload(100, 1);
  const refusal = (changes: Parameters<typeof contribute>[3], bytes = payload) =>
    contribute(run, a, bytes, changes);
  expect(await refusal({ round: 2 })).toBe('WRONG_ROUND');
  expect(await refusal({ round: 0 })).toBe('TOO_LATE');
  expect(await refusal({ base: new Uint8Array(32) })).toBe('STALE_BASE');
  expect(await refusal({ tokens: 0 })).toBe('OUT_OF_LIMIT');
  expect(await refusal({ tokens: 1001 })).toBe('OUT_OF_LIMIT');
  expect(await refusal({ steps: 0 })).toBe('OUT_OF_LIMIT');
  expect(await refusal({ steps: 11 })).toBe('OUT_OF_LIMIT');
  expect(await refusal({ payloadBytes: payload.length - 1 })).toBe('OUT_OF_LIMIT');
  expect(await refusal({ trainingLoss: Number.NaN })).toBe('NOT_FINITE');
  expect(await refusal({ heldOutLoss: Number.POSITIVE_INFINITY })).toBe('NOT_FINITE');
  expect(await refusal({ signature: new Uint8Array(64) })).toBe('BAD_SIGNATURE');
  expect(await refusal({ payload: new Uint8Array(32).fill(1) })).toBe('BAD_HASH');
  const unreadable = payload.slice();
  unreadable[0] = 200;
  expect(await refusal({}, unreadable)).toBe('BAD_PAYLOAD');
  const long = encodeDense(new Float32Array(100).fill(2), codec).payload;
  expect(await refusal({}, long)).toBe('NORM_EXCEEDED');
  expect(run.current().contributions).toBe(0);
  expect(await refusal({})).toMatchObject({ round: 1 });
  expect(await refusal({})).toBe('DUPLICATE');
  expect(run.current().contributions).toBe(1);
  await run.close();
});

test('another node’s signature does not pass for this one’s', async () => {
  const run = await openRound();
  const payload = drawnPayload(100, 1);
  const { signature } = await offerFor(run, b, payload);
  expect(await contribute(run, a, payload, { signature })).toBe('BAD_SIGNATURE');
  await run.close();
});

test('chunks come in order, and no further than the offer says', async () => {
  const run = await openRound();
  const payload = drawnPayload(100, 1);
  const chunk = (offset: number, data: Uint8Array) => run.chunk(a.key, create(ChunkSchema, { offset, data }));
  expect(await chunk(0, payload)).toEqual({ refusal: RefusalCode.UNEXPECTED });
  const offer = () => offerFor(run, a, payload).then((offer) => run.offer(a.key, offer));
  expect(await offer()).toEqual({ resume: 0 });
  expect(await chunk(0, payload.subarray(0, 30))).toBeNull();
  expect(await chunk(31, payload.subarray(31))).toEqual({ refusal: RefusalCode.UNEXPECTED });
  expect(await offer()).toEqual({ resume: 30 });
  expect(await chunk(30, new Uint8Array([...payload.subarray(30), 0]))).toEqual({
    refusal: RefusalCode.OUT_OF_LIMIT,
  });
  expect(await offer()).toEqual({ resume: 30 });
  expect(await chunk(30, new Uint8Array(0))).toEqual({ refusal: RefusalCode.OUT_OF_LIMIT });
  expect(await offer()).toEqual({ resume: 30 });
  expect(await chunk(30, payload.subarray(30))).toMatchObject({ acknowledgement: { round: 1 } });
  await run.close();
});

test('uploads are as many as the manifest lets nodes be', async () => {
  const { manifest, initialBase } = tinyRun();
  const created = { manifest: { ...manifest, limits: { ...manifest.limits, maxNodes: 2 } }, initialBase };
  const run = await openRound(temporaryFolder(), created);
  const begin = async (node: TestNode) => {
    const payload = drawnPayload(100, 1);
    const answer = await run.offer(node.key, await offerFor(run, node, payload));
    if ('resume' in answer)
      await run.chunk(node.key, create(ChunkSchema, { offset: answer.resume, data: payload.subarray(0, 9) }));
    return answer;
  };
  expect(await begin(a)).toEqual({ resume: 0 });
  expect(await begin(b)).toEqual({ resume: 0 });
  expect(await begin(c)).toEqual({ refusal: RefusalCode.TOO_MANY });
  expect(await begin(b)).toEqual({ resume: 9 });
  await run.close();
});

test('an upload goes on where it was after a restart, and its round with it', async () => {
  const folder = temporaryFolder();
  const first = await openRound(folder);
  await contribute(first, b, drawnPayload(100, 2));
  const payload = drawnPayload(100, 1);
  await first.offer(a.key, await offerFor(first, a, payload));
  await first.chunk(a.key, create(ChunkSchema, { offset: 0, data: payload.subarray(0, 50) }));
  await first.close();
  clock.time += 3_600_000;
  const run = await Run.open(folder, undefined, clock.now);
  expect(run.current()).toMatchObject({
    phase: 'training',
    contributions: 1,
    deadlineAt: clock.time + 60_000,
  });
  expect(await run.offer(a.key, await offerFor(run, a, payload))).toEqual({ resume: 50 });
  expect(await contribute(run, a, payload)).toMatchObject({ round: 1 });
  expect(await contribute(run, b, drawnPayload(100, 2))).toBe('DUPLICATE');
  await run.close();
});

test('a round without its quorum is abandoned, and what it accepted counts for nothing', async () => {
  const folder = temporaryFolder();
  const events: RunEvent[] = [];
  const run = await openRound(folder);
  run.onEvent = (event) => events.push(event);
  const { base } = run.current();
  await contribute(run, a, drawnPayload(100, 1));
  clock.time += 60_000;
  await settled(run);
  expect(events.map(({ type }) => type)).toEqual(['abandoned', 'opened']);
  expect(events.at(-1)).toMatchObject({ round: 1, attempt: 2, base });
  expect(run.current()).toMatchObject({ round: 1, attempt: 2, base, contributions: 0, phase: 'training' });
  expect(run.totals().abandonedRounds).toBe(1);
  for (const [i, node] of [a, b, c].entries()) {
    expect(await contribute(run, node, drawnPayload(100, 10 + i))).toMatchObject({ round: 1, attempt: 2 });
  }
  await settled(run);
  const after = run.current().base;
  await run.close();
  // The same three contributions without the abandoned one make the same base.
  const other = await openRound();
  for (const [i, node] of [a, b, c].entries()) await contribute(other, node, drawnPayload(100, 10 + i));
  await settled(other);
  expect(other.current().base).toBe(after);
  await other.close();
});

test('refusals are counted all, and journalled few', async () => {
  const folder = temporaryFolder();
  const run = await openRound(folder);
  for (let i = 0; i < 1000; i++) run.refused(i % 2 === 0 ? RefusalCode.MALFORMED : RefusalCode.TIMEOUT);
  expect(run.totals().refusals).toBe(1000);
  for (const [i, node] of [a, b, c].entries()) await contribute(run, node, drawnPayload(100, i));
  await settled(run);
  expect(run.totals().refusals).toBe(1000);
  await run.close();
  expect(kindsIn(folder).filter((kind) => kind === 'refused').length).toBeLessThan(4);
  const again = await Run.open(folder, undefined, clock.now);
  expect(again.totals().refusals).toBe(1000);
  await again.close();
});

test('old bases go, and what the next round and verify need stays', async () => {
  const folder = temporaryFolder();
  const run = await openRound(folder, tinyRun({ rounds: 6 }));
  const bases = [run.current().base];
  for (let round = 1; round <= 6; round++) {
    for (const [i, node] of [a, b, c].entries())
      await contribute(run, node, drawnPayload(100, round * 10 + i));
    await settled(run);
    bases.push(run.current().base);
  }
  const kept = await Promise.all(bases.map(async (base) => (await run.blob(base)) !== null));
  expect(kept).toEqual([true, false, false, false, true, true, true]);
  await run.close();
});

test('a folder with another run, or none, is left as it is', async () => {
  const folder = temporaryFolder();
  await (await openRound(folder)).close();
  const files = () => readdirSync(folder, { recursive: true }).sort();
  const before = [files(), readFileSync(`${folder}/journal.sqlite`).toString('hex')];
  for (const other of [tinyRun({ name: 'other' }), tinyRun({ seed: 2 }), tinyRun({ rounds: 4 })]) {
    await expect(Run.open(folder, other, clock.now)).rejects.toMatchObject({ code: 'run.other' });
  }
  expect([files(), readFileSync(`${folder}/journal.sqlite`).toString('hex')]).toEqual(before);
  const empty = temporaryFolder();
  await expect(Run.open(empty, undefined, clock.now)).rejects.toMatchObject({ code: 'run.missing' });
  await expect(Run.open(`${empty}/none`, undefined, clock.now)).rejects.toMatchObject({
    code: 'run.missing',
  });
  expect(readdirSync(empty)).toEqual([]);
  // The same settings at another time are the same run.
  const again = tinyRun();
  const run = await Run.open(folder, { ...again, manifest: { ...again.manifest, created: 5n } }, clock.now);
  expect(run.manifest.created).toBe(1_700_000_000_000n);
  await run.close();
});

test('blobs without their journal are not taken for an empty folder', async () => {
  const folder = temporaryFolder();
  const run = await openRound(folder);
  await contribute(run, a, drawnPayload(100, 1));
  await run.close();
  rmSync(`${folder}/journal.sqlite`);
  await expect(Run.open(folder, tinyRun(), clock.now)).rejects.toMatchObject({ code: 'run.damaged' });
});

test('one folder has one relay at a time', async () => {
  const folder = temporaryFolder();
  const run = await openRound(folder);
  await expect(Run.open(folder, undefined, clock.now)).rejects.toMatchObject({ code: 'run.in-use' });
  await run.close();
  await (await Run.open(folder, undefined, clock.now)).close();
});

test('what was damaged while the relay was down is named instead of used', async () => {
  const folder = temporaryFolder();
  const run = await openRound(folder);
  await contribute(run, a, drawnPayload(100, 1));
  const base = await run.blob(run.current().base);
  const payload = await run.blob(hashOfBytes(drawnPayload(100, 1)));
  await run.close();
  for (const file of [base ?? '', payload ?? '', `${folder}/relay.key`, `${folder}/journal.sqlite`]) {
    const bytes = readFileSync(file);
    const changed = Buffer.from(bytes);
    // In the journal: a digit of the last entry's text.
    const at = file.endsWith('sqlite') ? bytes.lastIndexOf('heldOutLoss') + 15 : 60;
    changed[at] = (changed[at] ?? 0) ^ 1;
    writeFileSync(file, changed);
    await expect(Run.open(folder, undefined, clock.now)).rejects.toMatchObject({
      code: expect.stringMatching('damaged'),
    });
    writeFileSync(file, bytes);
  }
  rmSync(`${folder}/relay.key`);
  await expect(Run.open(folder, undefined, clock.now)).rejects.toMatchObject({ code: 'key.damaged' });
  expect(existsSync(`${folder}/relay.key`)).toBe(false);
});

test('a full disk refuses, says so, loses nothing, and goes on when there is room', async () => {
  const folder = temporaryFolder();
  let full = false;
  const refuse = async (path: string, work: () => Promise<void>) => {
    if (full && path.includes('/blobs/')) throw Object.assign(new Error('no space'), { code: 'ENOSPC' });
    await work();
  };
  const environment = {
    ...disk,
    files: {
      ...nodeFiles,
      write: (path: string, bytes: Uint8Array, options?: { secret: boolean }) =>
        refuse(path, () => nodeFiles.write(path, bytes, options)),
    },
  };
  const run = await Run.open(folder, tinyRun(), clock.now, environment);
  const troubles: string[] = [];
  run.onEvent = (event) => {
    if (event.type === 'trouble') troubles.push(event.error.code);
  };
  for (const node of [a, b, c]) run.nodeJoined(node.key, 'node', 0);
  await settled(run);
  full = true;
  expect(await contribute(run, a, drawnPayload(100, 1))).toBe('STORAGE');
  expect(troubles).toEqual(['disk.full']);
  full = false;
  // All but the last chunk are still held.
  expect(await run.offer(a.key, await offerFor(run, a, drawnPayload(100, 1)))).toEqual({ resume: 64 });
  for (const [i, node] of [a, b].entries())
    expect(await contribute(run, node, drawnPayload(100, 1 + i))).toMatchObject({ round: 1 });
  full = true;
  run.nodeLeft(c.key);
  await settled(run);
  expect(run.current()).toMatchObject({ round: 1, contributions: 2 });
  expect(troubles.at(-1)).toBe('disk.full');
  full = false;
  clock.time += 1000;
  await settled(run);
  expect(run.current()).toMatchObject({ round: 2 });
  await run.close();
});

test('a manifest that no run could be held by is refused before anything is written', async () => {
  const { manifest, initialBase } = tinyRun();
  const folder = `${temporaryFolder()}/new`;
  const refused = async (changes: Partial<typeof manifest>, base = initialBase) => {
    const created = { manifest: { ...manifest, ...changes }, initialBase: base };
    await expect(Run.open(folder, created, clock.now)).rejects.toMatchObject({ code: 'manifest.invalid' });
  };
  await refused({ limits: { ...manifest.limits, quorum: 0 } });
  await refused({ limits: { ...manifest.limits, target: 1 } });
  await refused({ limits: { ...manifest.limits, deadlineMs: 0 } });
  await refused({ limits: { ...manifest.limits, maxNodes: 1 } });
  await refused({ limits: { ...manifest.limits, payloadBytes: 1 } });
  await refused({
    limits: { ...manifest.limits, target: 1024, maxTokens: 2 ** 24 },
    codec: { ...manifest.codec, maxShift: 16, clipNorm: 1 },
  });
  await refused({ name: 'x'.repeat(81) });
  await refused({ model: { ...manifest.model, parameters: 0 } });
  await refused({}, new Float32Array(99));
  await refused({}, new Float32Array(100).fill(Number.NaN));
  expect(existsSync(folder)).toBe(false);
  await (await Run.open(folder, tinyRun(), clock.now)).close();
});

test('the key is its owner’s alone', async () => {
  const folder = temporaryFolder();
  await (await openRound(folder)).close();
  expect(statSync(`${folder}/relay.key`).mode & 0o777).toBe(0o600);
});
