import { cpSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { create } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import { Random } from '../../client/random.ts';
import { Run } from '../../relay/run.ts';
import { type VerifyReport, verifyRun } from '../../relay/verify.ts';
import { folderSource } from '../../relay/verify-folder.ts';
import { ChunkSchema, RefusalCode } from '../../relay/wire/tapestry_pb.js';
import { contribute, drawnPayload, offerFor, settled, TestClock, testNodes, tinyRun } from './run-support.ts';
import { temporaryFolder } from './temporary-folder.ts';

/** Two committed rounds, an abandoned attempt, and a third round left open with an upload under way. */
async function writeRun(folder: string): Promise<Run> {
  const clock = new TestClock();
  const nodes = await testNodes(3);
  const run = await Run.open(folder, tinyRun(), clock.now);
  for (const [i, node] of nodes.entries()) run.nodeJoined(node.key, 'node', i === 0 ? null : i - 1);
  await settled(run);
  for (let round = 1; round <= 2; round++) {
    for (const [i, node] of nodes.entries()) {
      expect(await contribute(run, node, drawnPayload(100, round * 10 + i))).toMatchObject({ round });
      clock.time += 10;
    }
    await settled(run);
  }
  const [first, second] = nodes;
  if (first === undefined || second === undefined) throw new Error('no nodes');
  await contribute(run, first, drawnPayload(100, 50));
  clock.time += 60_000;
  run.refused(RefusalCode.TOO_LATE);
  await settled(run);
  await contribute(run, first, drawnPayload(100, 51));
  const payload = drawnPayload(100, 52);
  await run.offer(second.key, await offerFor(run, second, payload));
  for (const offset of [0, 40]) {
    await run.chunk(second.key, create(ChunkSchema, { offset, data: payload.subarray(offset, offset + 40) }));
  }
  return run;
}

async function verify(folder: string): Promise<VerifyReport> {
  const checks = verifyRun(await folderSource(folder));
  for (;;) {
    const { done, value } = await checks.next();
    if (done) return value;
  }
}

function filesOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => `${entry.parentPath}/${entry.name}`.slice(folder.length + 1))
    .sort();
}

/** The report after the byte at `at` of `file` was changed by `mask`; the byte is put back. */
async function withFlip(folder: string, file: string, at: number, mask: number): Promise<VerifyReport> {
  const bytes = readFileSync(`${folder}/${file}`);
  const flipped = Buffer.from(bytes);
  flipped[at] = (flipped[at] ?? 0) ^ mask;
  writeFileSync(`${folder}/${file}`, flipped);
  try {
    return await verify(folder);
  } finally {
    writeFileSync(`${folder}/${file}`, bytes);
  }
}

test('an untouched run verifies, and its folder stays as it is', async () => {
  const folder = temporaryFolder();
  const run = await writeRun(folder);
  const { base } = run.current();
  const running = temporaryFolder();
  cpSync(folder, running, { recursive: true });
  await run.close();
  for (const place of [folder, running]) {
    const before = filesOf(place).map((file) => [file, readFileSync(`${place}/${file}`).toString('hex')]);
    const report = await verify(place);
    expect(report.problems).toEqual([]);
    expect(report).toMatchObject({ run: run.id, rounds: 2, contributions: 8, base });
    expect(filesOf(place).map((file) => [file, readFileSync(`${place}/${file}`).toString('hex')])).toEqual(
      before,
    );
  }
});

test('a byte changed anywhere in any file is named', async () => {
  const folder = temporaryFolder();
  const run = await writeRun(folder);
  const crashed = temporaryFolder();
  cpSync(folder, crashed, { recursive: true });
  await run.close();
  const random = Random.seeded(11);
  const missed: string[] = [];
  let tried = 0;
  const flip = async (place: string, file: string, at: number) => {
    const mask = 1 + random.below(255);
    const { problems } = await withFlip(place, file, at, mask);
    const named = file.startsWith('journal') ? 'journal' : file;
    if (!problems.some((problem) => problem.place.startsWith(named))) missed.push(`${file} ${at} ^${mask}`);
    tried++;
  };
  // With a log beside it, journal.sqlite holds pages that the log replaces, so each is tried without the other.
  const files = [
    ...filesOf(folder).map((file) => [folder, file] as const),
    [crashed, 'journal.sqlite-wal'] as const,
  ];
  for (const [place, file] of files) {
    const { size } = statSync(`${place}/${file}`);
    const flips = file.startsWith('journal') ? 100 : 6;
    for (let i = 0; i < flips && size > 0; i++) await flip(place, file, random.below(size));
  }
  // The database header byte by byte.
  for (let at = 0; at < 100; at++) await flip(folder, 'journal.sqlite', at);
  expect(missed).toEqual([]);
  expect(tried).toBeGreaterThan(350);
});
