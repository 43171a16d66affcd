import { create } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import { defaultRunLimits } from '../../../../relay/run/contributions/limits.ts';
import { Run } from '../../../../relay/run/run.ts';
import { ChunkSchema, ModelPart, RefusalCode } from '../../../../relay/wire/tapestry_pb.js';
import { a, b, c, clock, openRound } from '../../../support/relay/open-round.ts';
import {
  contribute,
  drawnPayload,
  offerFor,
  payloadOfValues,
  settled,
  type TestNode,
  testNode,
  tinyRun,
} from '../../../support/relay/run-support.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

test('a wrong offer or payload is refused with its code, and the round continues', async () => {
  const run = await openRound();
  const payload = drawnPayload(100, 1);
  const refusal = (changes: Parameters<typeof contribute>[3], bytes = payload) =>
    contribute(run, a, bytes, changes);
  expect(await refusal({ round: 2 })).toBe('WRONG_ROUND');
  expect(await refusal({ round: 0 })).toBe('TOO_LATE');
  expect(await refusal({ base: new Uint8Array(32) })).toBe('STALE_BASE');
  expect(await refusal({ tokens: 319 })).toBe('OUT_OF_LIMIT');
  // The most tokens for one step: a weight that no work stands behind.
  expect(await refusal({ steps: 1, tokens: 320 })).toBe('OUT_OF_LIMIT');
  expect(await refusal({ steps: 0 })).toBe('OUT_OF_LIMIT');
  expect(await refusal({ steps: 11 })).toBe('OUT_OF_LIMIT');
  expect(await refusal({ payloadBytes: payload.length - 1 })).toBe('OUT_OF_LIMIT');
  // The run grants no part of its model.
  expect(await refusal({ part: ModelPart.UPPER })).toBe('OUT_OF_LIMIT');
  // A loss that no node can have measured: the model has 260 tokens at most.
  for (const loss of [-999, -0.001, 999])
    for (const name of ['trainingLoss', 'heldOutLoss'])
      expect(await refusal({ [name]: loss })).toBe('OUT_OF_LIMIT');
  expect(await refusal({ trainingLoss: Number.NaN })).toBe('NOT_FINITE');
  expect(await refusal({ heldOutLoss: Number.POSITIVE_INFINITY })).toBe('NOT_FINITE');
  expect(await refusal({ signature: new Uint8Array(64) })).toBe('BAD_SIGNATURE');
  expect(await refusal({ payload: new Uint8Array(32).fill(1) })).toBe('BAD_HASH');
  const unreadable = payload.slice();
  unreadable[0] = 200;
  expect(await refusal({}, unreadable)).toBe('BAD_PAYLOAD');
  const long = payloadOfValues(new Float32Array(100).fill(2));
  expect(await refusal({}, long)).toBe('NORM_EXCEEDED');
  expect(run.current().contributions).toBe(0);
  expect(await refusal({})).toMatchObject({ round: 1 });
  expect(await refusal({}, drawnPayload(100, 2))).toBe('DUPLICATE');
  expect(run.current().contributions).toBe(1);
  await run.close();
});

test('another node’s signature is refused', async () => {
  const run = await openRound();
  const payload = drawnPayload(100, 1);
  const { signature } = await offerFor(run, b, payload);
  expect(await contribute(run, a, payload, { signature })).toBe('BAD_SIGNATURE');
  await run.close();
});

test('a payload belongs to the node that delivered its bytes first, in every attempt at the round', async () => {
  const run = await openRound();
  const payload = drawnPayload(100, 1);
  // Another node offers the hash first, but cannot deliver the bytes: that takes nothing from the node that made them.
  expect(await run.offer(b.key, await offerFor(run, b, payload))).toEqual({ resume: 0 });
  expect(await contribute(run, a, payload)).toMatchObject({ round: 1, attempt: 1 });
  const chunk = create(ChunkSchema, { offset: 0, data: payload });
  expect(await run.chunk(b.key, chunk)).toEqual({ refusal: RefusalCode.DUPLICATE });
  expect(await contribute(run, b, payload)).toBe('DUPLICATE');
  // Readers may fetch it once the attempt is abandoned, but not send it before the node sends it again.
  clock.pass(60_000);
  await settled(run);
  expect(run.current()).toMatchObject({ round: 1, attempt: 2 });
  expect(await contribute(run, b, payload)).toBe('DUPLICATE');
  expect(await contribute(run, a, payload)).toMatchObject({ round: 1, attempt: 2 });
  await run.close();
});

test('chunks must be in order and not exceed the offered length', async () => {
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

test('the number of uploads is limited to the manifest’s max_nodes', async () => {
  const { manifest, initialBase } = tinyRun();
  const created = { manifest: { ...manifest, limits: { ...manifest.limits, maxNodes: 2 } }, initialBase };
  const run = await openRound(temporaryFolder(), created);
  const begin = async (node: TestNode) => {
    const payload = drawnPayload(100, [a, b, c].indexOf(node));
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

test('nodes that offer before any sends a byte are limited to the same number', async () => {
  const limits = { ...defaultRunLimits, uploadBytes: 2 * drawnPayload(100, 1).length };
  const run = await openRound(temporaryFolder(), tinyRun(), limits);
  const [d, e] = await Promise.all([testNode(10), testNode(11)]);
  const offer = async (node: TestNode) => {
    const payload = drawnPayload(100, [a, b, c, d, e].indexOf(node));
    return run.offer(node.key, await offerFor(run, node, payload));
  };
  expect(await offer(a)).toEqual({ resume: 0 });
  expect(await offer(b)).toEqual({ resume: 0 });
  expect(await offer(c)).toEqual({ refusal: RefusalCode.TOO_MANY });
  expect(await offer(b)).toEqual({ resume: 0 });
  // One upload that its node left makes room for one other, not for all that ask before it is removed.
  run.nodeLeft(a.key);
  run.nodeLeft(b.key);
  await settled(run);
  const answers = await Promise.all([c, d, e].map(offer));
  expect(answers.filter((answer) => 'refusal' in answer)).toHaveLength(1);
  await run.close();
});

test('an upload and its round resume after a restart', async () => {
  const folder = temporaryFolder();
  const first = await openRound(folder);
  await contribute(first, b, drawnPayload(100, 2));
  const payload = drawnPayload(100, 1);
  await first.offer(a.key, await offerFor(first, a, payload));
  await first.chunk(a.key, create(ChunkSchema, { offset: 0, data: payload.subarray(0, 50) }));
  await first.close();
  clock.pass(3_600_000);
  const run = await Run.open(folder, undefined, clock);
  expect(run.current()).toMatchObject({
    phase: 'training',
    contributions: 1,
    remainingMs: 60_000,
  });
  expect(await run.offer(a.key, await offerFor(run, a, payload))).toEqual({ resume: 50 });
  expect(await contribute(run, a, payload)).toMatchObject({ round: 1 });
  expect(await contribute(run, b, drawnPayload(100, 2))).toMatchObject({ round: 1 });
  expect(run.current().contributions).toBe(2);
  await run.close();
});

test('a node whose receipt was lost gets it by offering again, even after the commit', async () => {
  const run = await openRound();
  const payload = drawnPayload(100, 1);
  const offer = await offerFor(run, a, payload);
  const receipt = await contribute(run, a, payload);
  expect(await run.offer(a.key, offer)).toEqual({ acknowledgement: receipt });
  expect(await contribute(run, a, drawnPayload(100, 2))).toBe('DUPLICATE');
  for (const [i, node] of [b, c].entries()) await contribute(run, node, drawnPayload(100, 10 + i));
  await settled(run);
  expect(run.current()).toMatchObject({ round: 2 });
  expect(await run.offer(a.key, offer)).toMatchObject({
    acknowledgement: typeof receipt === 'string' ? {} : { sequence: receipt.sequence, round: 1 },
  });
  expect(await run.offer(b.key, offer)).toEqual({ refusal: RefusalCode.TOO_LATE });
  expect(run.totals().contributions).toBe(3);
  await run.close();
});

test('a payload counts once: another node’s copy of it is refused', async () => {
  const run = await openRound();
  const payload = drawnPayload(100, 1);
  expect(await contribute(run, a, payload)).toMatchObject({ round: 1 });
  expect(await contribute(run, b, payload)).toBe('DUPLICATE');
  expect(run.current().contributions).toBe(1);
  const same = drawnPayload(100, 2);
  const answers = await Promise.all([b, c].map((node) => contribute(run, node, same)));
  expect(answers).toContain('DUPLICATE');
  expect(run.current().contributions).toBe(2);
  await run.close();
});

test('a chunk has a least size, but for the last one, so that an upload takes a bounded number of them', async () => {
  const run = await openRound();
  const payload = drawnPayload(100, 1);
  const least = Math.ceil(payload.length / 64);
  expect(least).toBeGreaterThan(1);
  expect(await contribute(run, a, payload, {}, least - 1)).toBe('OUT_OF_LIMIT');
  const offer = await offerFor(run, a, payload);
  expect(await run.offer(a.key, offer)).toEqual({ resume: 0 });
  const data = payload.subarray(0, payload.length - 1);
  expect(await run.chunk(a.key, create(ChunkSchema, { offset: 0, data }))).toBeNull();
  expect(await contribute(run, a, payload, {}, least)).toMatchObject({ round: 1 });
  await run.close();
});

test('an upload of a node that left makes room for another, the shortest first', async () => {
  const limits = { ...defaultRunLimits, uploadBytes: 2 * drawnPayload(100, 1).length };
  const run = await openRound(temporaryFolder(), tinyRun(), limits);
  const begin = async (node: TestNode, seed: number, bytes: number) => {
    const payload = drawnPayload(100, seed);
    const answer = await run.offer(node.key, await offerFor(run, node, payload));
    if ('resume' in answer && answer.resume < bytes) {
      const data = payload.subarray(answer.resume, bytes);
      await run.chunk(node.key, create(ChunkSchema, { offset: answer.resume, data }));
    }
    return answer;
  };
  await begin(a, 1, 60);
  await begin(b, 2, 30);
  expect(await begin(c, 3, 30)).toEqual({ refusal: RefusalCode.TOO_MANY });
  run.nodeLeft(a.key);
  run.nodeLeft(b.key);
  await settled(run);
  expect(await begin(c, 3, 30)).toEqual({ resume: 0 });
  expect(await begin(a, 1, 60)).toEqual({ resume: 60 });
  await run.close();
});

test('a key whose payloads are refused again and again may offer none until the next round', async () => {
  const run = await openRound();
  for (let seed = 1; seed <= defaultRunLimits.refusedPayloads; seed++) {
    const payload = drawnPayload(100, seed);
    payload[0] = 200;
    expect(await contribute(run, a, payload)).toBe('BAD_PAYLOAD');
  }
  expect(await contribute(run, a, drawnPayload(100, 9))).toBe('TOO_MANY');
  expect(await contribute(run, b, drawnPayload(100, 10))).toMatchObject({ round: 1 });
  await run.close();
});
