import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Run } from '../../../relay/run/run.ts';
import { type CheckedPoint, encodePoint, parsePoint } from '../../../relay/verify/checked-point.ts';
import { folderSource } from '../../../relay/verify/folder-source.ts';
import type { VerifySource } from '../../../relay/verify/source.ts';
import { type VerifyReport, verifyRun } from '../../../relay/verify/verify.ts';
import {
  contribute,
  drawnPayload,
  settled,
  TestClock,
  testNodes,
  tinyRun,
} from '../../support/relay/run-support.ts';
import { places, rowsOf } from '../../support/relay/written-run.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

/** Verifies to the end. `asked` are the blobs that were read, `points` those to resume from. */
async function verify(source: VerifySource, point: CheckedPoint | null = null) {
  const asked = new Set<string>();
  const blob: VerifySource['blob'] = (hash, length) => {
    asked.add(hash);
    return source.blob(hash, length);
  };
  const checks = verifyRun({ ...source, blob }, { point });
  const points: CheckedPoint[] = [];
  for (;;) {
    const { done, value } = await checks.next();
    if (done) return { report: value satisfies VerifyReport, asked, points };
    if (value.point !== null) points.push(value.point);
  }
}

async function play(folder: string, seed: number): Promise<void> {
  const nodes = await testNodes(2);
  const run = await Run.open(folder, tinyRun({ rounds: 20, target: 2 }), new TestClock());
  for (const { key } of nodes) run.nodeJoined(key, null);
  await settled(run);
  for (let round = 1; round <= 19; round++) {
    for (const [i, node] of nodes.entries())
      await contribute(run, node, drawnPayload(100, seed + 10 * round + i));
    await settled(run);
  }
  await run.close();
}

const folder = mkdtempSync(join(tmpdir(), 'tapestry-test-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const source = () => folderSource(folder);
let whole: Awaited<ReturnType<typeof verify>>;
let last: CheckedPoint;

beforeAll(async () => {
  await play(folder, 0);
  whole = await verify(source());
  const point = whole.points.at(-1);
  if (point === undefined) throw new Error('there is no point to resume from');
  last = point;
});

test('a verification begins at the last point, reads no payload before it, and finds the same base', async () => {
  expect(whole.report).toMatchObject({ problems: [], rounds: 19, from: 1 });
  expect(whole.points.map(({ round }) => round)).toEqual([8, 16]);
  const { report, asked } = await verify(source(), last);
  expect(report).toMatchObject({
    problems: [],
    rounds: 3,
    from: 17,
    contributions: 38,
    base: whole.report.base,
  });
  // Six payloads, the initial base, the state to begin from and the newest one.
  expect(asked.size).toBe(6 + 1 + 2);
});

test('a changed payload after the point is found, and no later point is given', async () => {
  const [, , victim = ''] = [...(await verify(source(), last)).asked];
  const changed: VerifySource = {
    ...source(),
    blob: async (hash, length) => {
      const bytes = await source().blob(hash, length);
      return hash === victim && bytes instanceof Uint8Array ? bytes.map((byte) => byte ^ 1) : bytes;
    },
  };
  const { report, points } = await verify(changed, last);
  expect(places(report.problems)).toContain(`blobs/${victim.slice(0, 2)}/${victim}`);
  expect(points).toEqual([]);
});

test('another journal, another run and a journal that was cut off are no continuation', async () => {
  const other: CheckedPoint = { ...last, entry: 'ab'.repeat(32) };
  expect(places((await verify(source(), other)).report.problems)).toContain(
    `journal entry ${last.sequence}, hash`,
  );
  const wrongRound: CheckedPoint = { ...last, round: 8 };
  expect((await verify(source(), wrongRound)).report.problems).not.toEqual([]);
  const twin = temporaryFolder();
  await play(twin, 5);
  const foreign = verify(folderSource(twin), last);
  await expect(foreign).rejects.toMatchObject({ code: 'verify.other-run' });
  const rows = rowsOf(`${folder}/journal.sqlite`);
  const cut = { ...source(), journal: () => rows.slice(0, last.sequence - 1) };
  expect(places((await verify(cut, last)).report.problems)).toContain('journal');
});

test('a point survives its file, and any change of the file is noticed', () => {
  const text = encodePoint(last);
  expect(parsePoint(text)).toEqual(last);
  fc.assert(
    fc.property(fc.nat(text.length - 1), fc.string({ minLength: 1, maxLength: 1 }), (at, other) => {
      fc.pre(text[at] !== other);
      expect(parsePoint(text.slice(0, at) + other + text.slice(at + 1))).toBeNull();
    }),
  );
  expect(parsePoint('')).toBeNull();
});
