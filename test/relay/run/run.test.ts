import { create } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import { Random } from '../../../client/random.ts';
import { type Contribution, contributionOf } from '../../../relay/journal/contribution.ts';
import type { Attempt } from '../../../relay/journal/event-log.ts';
import { SqliteLog } from '../../../relay/journal/sqlite-log.ts';
import { disk, type Environment } from '../../../relay/run/open-run.ts';
import { Run } from '../../../relay/run/run.ts';
import { FileBlobs } from '../../../relay/storage/file-blobs.ts';
import { hashOfBytes } from '../../../relay/storage/sha256.ts';
import { fromHex } from '../../../relay/wire/hex.ts';
import { acknowledgementBytes, verifySignature } from '../../../relay/wire/signatures.ts';
import { ChunkSchema, RefusalCode } from '../../../relay/wire/tapestry_pb.js';
import { FaultyFiles } from '../../simulation/faulty-files.ts';
import { journalOf } from '../../support/relay/journal-of.ts';
import { MemoryBlobs } from '../../support/relay/memory-blobs.ts';
import { MemoryJournal, MemoryLog } from '../../support/relay/memory-log.ts';
import { a, b, c, clock, eventsOf, openRound } from '../../support/relay/open-round.ts';
import {
  contribute,
  drawnPayload,
  offerFor,
  settled,
  testNodes,
  tinyRun,
} from '../../support/relay/run-support.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

test('a run goes through its rounds and is the same after each restart', async () => {
  const folder = temporaryFolder();
  let run = await Run.open(folder, tinyRun(), clock);
  const bases = [run.current().base];
  for (let round = 1; round <= 3; round++) {
    for (const node of [a, b, c]) run.nodeJoined(node.key, 0);
    await settled(run);
    expect(run.current()).toMatchObject({ round, phase: 'training', contributions: 0 });
    for (const [i, node] of [a, b, c].entries()) {
      expect(await contribute(run, node, drawnPayload(100, round * 10 + i))).toMatchObject({ round });
    }
    await settled(run);
    bases.push(run.current().base);
    const { hash, parameters } = await run.base();
    expect(hashOfBytes(new Uint8Array(parameters.buffer))).toBe(hash);
    await run.close();
    run = await Run.open(folder, undefined, clock);
    expect(run.current().base).toBe(bases.at(-1));
    expect((await run.base()).parameters).toEqual(parameters);
  }
  expect(new Set(bases).size).toBe(4);
  expect(run.current()).toMatchObject({ round: 3, phase: 'complete' });
  expect(run.history().map(({ round, base }) => [round, base])).toEqual(
    [1, 2, 3].map((round) => [round, bases[round]]),
  );
  expect(run.totals()).toEqual({
    tokens: 9 * 320,
    contributions: 9,
    payloadBytes: 9 * 104,
    refusals: 0,
    abandonedRounds: 0,
  });
  await run.close();
  expect(
    journalOf(folder)
      .map(({ kind }) => kind)
      .filter((kind) => kind === 'run-complete'),
  ).toHaveLength(1);
});

test('the receipt is the relay’s signature of the journal’s entry', async () => {
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
    body: { key: a.key, payload: hashOfBytes(payload), trainingLoss: '2.3' },
  });
  const blob = await run.openBlob(hashOfBytes(payload));
  expect(await new Response(blob?.bytes).bytes()).toEqual(payload);
  await run.close();
});

test('history averages losses by tokens, and held-out losses by corpus', async () => {
  const run = await openRound();
  await contribute(run, a, drawnPayload(100, 1), { steps: 1, trainingLoss: 2, heldOutLoss: 4 });
  await contribute(run, b, drawnPayload(100, 2), { steps: 3, trainingLoss: 4, heldOutLoss: 5 });
  await contribute(run, c, drawnPayload(100, 3), { steps: 4, trainingLoss: 1, heldOutLoss: 9 });
  await settled(run);
  expect(run.history()[0]).toMatchObject({
    round: 1,
    contributions: 3,
    tokens: 8 * 32,
    trainingLoss: (2 + 4 * 3 + 4) / 8,
    heldOutLoss: [4, 5],
  });
  expect(run.contributor(b.key)).toEqual({
    tokens: 96,
    contributions: 1,
    stepMs: 0,
    trainingLoss: 4,
    heldOutLoss: 5,
    part: 'whole',
  });
  await run.close();
});

test('a round without its quorum is abandoned, and its contributions do not count', async () => {
  const folder = temporaryFolder();
  const run = await openRound(folder);
  const events = eventsOf(run);
  const { base } = run.current();
  await contribute(run, a, drawnPayload(100, 1));
  clock.pass(60_000);
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

test('all refusals are counted in few entries', async () => {
  const folder = temporaryFolder();
  const run = await openRound(folder);
  for (let i = 0; i < 1000; i++) run.refused(i % 2 === 0 ? RefusalCode.MALFORMED : RefusalCode.TIMEOUT);
  expect(run.totals().refusals).toBe(1000);
  for (const [i, node] of [a, b, c].entries()) await contribute(run, node, drawnPayload(100, i));
  await settled(run);
  expect(run.totals().refusals).toBe(1000);
  await run.close();
  expect(
    journalOf(folder)
      .map(({ kind }) => kind)
      .filter((kind) => kind === 'refused').length,
  ).toBeLessThan(4);
  const again = await Run.open(folder, undefined, clock);
  expect(again.totals().refusals).toBe(1000);
  await again.close();
});

test('concurrent contributions share a transaction', async () => {
  const sizes: number[] = [];
  const stored = Promise.withResolvers<void>();
  let puts = 0;
  // The first transaction takes as long as it takes the others to store their payloads.
  class SlowLog extends SqliteLog {
    override async accept(open: Attempt, contributions: readonly Contribution[]) {
      sizes.push(contributions.length);
      await stored.promise;
      return super.accept(open, contributions);
    }
  }
  class CountingBlobs extends FileBlobs {
    override async put(bytes: Uint8Array<ArrayBuffer>) {
      const hash = await super.put(bytes);
      // Plus the initial base.
      if (++puts === 25) stored.resolve();
      return hash;
    }
  }
  const environment: Environment = {
    ...disk,
    openLog: (folder) => new SlowLog(folder, clock.now),
    openBlobs: (files, folder) => new CountingBlobs(files, folder),
  };
  const run = await Run.open(temporaryFolder(), tinyRun({ target: 24, quorum: 24 }), clock, environment);
  const nodes = await testNodes(24);
  for (const { key } of nodes) run.nodeJoined(key, null);
  await settled(run);
  const receipts = await Promise.all(nodes.map((node, i) => contribute(run, node, drawnPayload(100, i))));
  expect(new Set(receipts.map((receipt) => typeof receipt !== 'string' && receipt.sequence)).size).toBe(24);
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(24);
  expect(sizes.length).toBeLessThan(6);
  await settled(run);
  expect(run.current()).toMatchObject({ round: 2 });
  await run.close();
});

test.each([
  ['60 days back', -60 * 86_400_000],
  ['an hour back', -3_600_000],
  ['an hour ahead', 3_600_000],
  ['60 days ahead', 60 * 86_400_000],
])('a wall clock that steps %s moves no deadline and stops no commit', async (_, step) => {
  const folder = temporaryFolder();
  const run = await openRound(folder);
  clock.pass(20_000);
  clock.step(step);
  await settled(run);
  expect(run.current()).toMatchObject({ attempt: 1, phase: 'training', remainingMs: 40_000 });
  for (const [i, node] of [a, b].entries()) {
    expect(await contribute(run, node, drawnPayload(100, i))).toMatchObject({ round: 1 });
  }
  clock.pass(5_000);
  await settled(run);
  expect(run.current()).toMatchObject({ round: 2, attempt: 1, remainingMs: 60_000 });
  clock.step(-step);
  clock.pass(59_999);
  await settled(run);
  expect(run.current()).toMatchObject({ round: 2, attempt: 1, remainingMs: 1 });
  clock.pass(1);
  await settled(run);
  expect(run.current()).toMatchObject({ round: 2, attempt: 2, remainingMs: 60_000 });
  await run.close();
  const times = journalOf(folder).map(({ time }) => time);
  expect(times).toEqual([...times].sort((one, other) => one - other));
});

test('a round does not wait for a node that says that it only follows, nor after it came back', async () => {
  const run = await openRound();
  run.pace.takesPart(c.key, false);
  await contribute(run, a, drawnPayload(100, 1));
  await contribute(run, b, drawnPayload(100, 2));
  await settled(run);
  expect(run.current()).toMatchObject({ round: 2, phase: 'training', expected: 2 });
  run.nodeLeft(c.key);
  run.nodeJoined(c.key, null);
  await settled(run);
  expect(run.current()).toMatchObject({ expected: 3 });
  run.pace.takesPart(c.key, false);
  run.pace.takesPart(c.key, false);
  run.pace.takesPart(c.key, true);
  await contribute(run, a, drawnPayload(100, 3));
  await contribute(run, b, drawnPayload(100, 4));
  await settled(run);
  expect(run.current()).toMatchObject({ round: 2, contributions: 2, expected: 3 });
  await contribute(run, c, drawnPayload(100, 5));
  await settled(run);
  expect(run.current()).toMatchObject({ round: 3 });
  await run.close();
});

test('nodes that connect and disconnect add nothing to the journal', async () => {
  const folder = temporaryFolder();
  const run = await openRound(folder);
  for (let i = 0; i < 1000; i++) {
    run.nodeLeft(c.key);
    run.nodeJoined(c.key, null);
  }
  await settled(run);
  await run.close();
  expect(journalOf(folder)).toHaveLength(2);
});

test('contributions accepted by another process count, and its appends do not stop this one', async () => {
  const journal = new MemoryJournal(clock);
  const blobs = new MemoryBlobs(clock.now);
  const environment = {
    files: new FaultyFiles(Random.seeded(1), clock.now),
    openLog: () => new MemoryLog(journal),
    openBlobs: () => blobs,
  };
  const run = await Run.open('/run', tinyRun(), clock, environment);
  for (const { key } of [a, b, c]) run.nodeJoined(key, null);
  await settled(run);
  const other = new MemoryLog(journal);
  const payload = drawnPayload(100, 5);
  await blobs.put(payload);
  const contribution = contributionOf(c.key, 1, await offerFor(run, c, payload));
  const [accepted] = await other.accept({ round: 1, attempt: 1, target: 3 }, [contribution]);
  expect(accepted).toMatchObject({ sequence: 3 });
  await expect.poll(() => run.current().contributions).toBe(1);
  expect(await contribute(run, a, drawnPayload(100, 1))).toMatchObject({ round: 1 });
  journal.append([{ kind: 'refused', body: { round: 1, counts: { TIMEOUT: 1 } } }]);
  expect(await contribute(run, b, drawnPayload(100, 2))).toMatchObject({ round: 1 });
  await settled(run);
  expect(run.current()).toMatchObject({ round: 2 });
  expect(run.history()).toMatchObject([{ round: 1, contributions: 3 }]);
  await run.close();
});

test('the last bytes of what was accepted meanwhile are answered with the receipt', async () => {
  const journal = new MemoryJournal(clock);
  const blobs = new MemoryBlobs(clock.now);
  const environment = {
    files: new FaultyFiles(Random.seeded(1), clock.now),
    openLog: () => new MemoryLog(journal),
    openBlobs: () => blobs,
  };
  const run = await Run.open('/run', tinyRun(), clock, environment);
  for (const { key } of [a, b, c]) run.nodeJoined(key, null);
  await settled(run);
  const payload = drawnPayload(100, 5);
  const offer = await offerFor(run, c, payload);
  expect(await run.offer(c.key, offer)).toEqual({ resume: 0 });
  await blobs.put(payload);
  const accepting = [contributionOf(c.key, 1, offer)];
  const [accepted] = await new MemoryLog(journal).accept({ round: 1, attempt: 1, target: 3 }, accepting);
  await expect.poll(() => run.current().contributions).toBe(1);
  const answer = await run.chunk(c.key, create(ChunkSchema, { offset: 0, data: payload }));
  expect(answer).toMatchObject({ acknowledgement: { round: 1, sequence: 3n } });
  expect(accepted).toMatchObject({ sequence: 3 });
  await run.close();
});
