import { cpSync, existsSync, readdirSync, rmSync } from 'node:fs';
import { expect, test } from 'vitest';
import { disk, type Environment } from '../../../../relay/run/open-run.ts';
import { isAnchor } from '../../../../relay/run/retention/retention.ts';
import { Run } from '../../../../relay/run/run.ts';
import { type FileSystem, nodeFiles } from '../../../../relay/storage/files.ts';
import { hashOfBytes } from '../../../../relay/storage/sha256.ts';
import { folderSource } from '../../../../relay/verify/folder-source.ts';
import { relaySource } from '../../../../relay/verify/http-source.ts';
import { blobPlace } from '../../../../relay/verify/source.ts';
import type { Hash } from '../../../../relay/wire/hex.ts';
import { MemoryBlobs } from '../../../support/relay/memory-blobs.ts';
import { a, b, c, clock } from '../../../support/relay/open-round.ts';
import { contribute, drawnPayload, settled, tinyRun } from '../../../support/relay/run-support.ts';
import { get, start } from '../../../support/relay/stage.ts';
import { places, reportOf, rowsOf } from '../../../support/relay/written-run.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

const payloadRounds = 2;

/** Files that were last written at a time of the test's clock. */
const written = new Map<string, number>();
const files: FileSystem = {
  ...nodeFiles,
  async write(path, bytes, options) {
    written.set(path, clock.now());
    await nodeFiles.write(path, bytes, options);
  },
  async rename(from, to) {
    written.set(to, clock.now());
    await nodeFiles.rename(from, to);
  },
  async stat(path) {
    const found = await nodeFiles.stat(path);
    return found && { ...found, modified: written.get(path) ?? found.modified };
  },
};
const dated: Environment = { ...disk, files };

async function open(folder: string, rounds: number, environment = dated): Promise<Run> {
  const run = await Run.open(folder, tinyRun({ rounds, payloadRounds }), clock, environment);
  for (const node of [a, b, c]) run.nodeJoined(node.key, null);
  await settled(run);
  return run;
}

/** Commits rounds up to `last`; an hour passes before each. */
async function commit(run: Run, last: number): Promise<void> {
  for (let { round } = run.current(); round <= last; round++) {
    clock.pass(3_600_001);
    await settled(run);
    for (const [i, node] of [a, b, c].entries())
      expect(await contribute(run, node, drawnPayload(100, round * 10 + i))).toMatchObject({ round });
    await settled(run);
  }
}

/** The rounds of which the folder has payloads, and of which it has the state. */
function keptRounds(folder: string) {
  const states = new Map<number, Hash[]>();
  const payloads = new Map<number, Hash[]>();
  for (const { kind, body } of rowsOf(`${folder}/journal.sqlite`)) {
    const { round, payload, state } = JSON.parse(body);
    if (kind === 'contribution-accepted') payloads.set(round, [...(payloads.get(round) ?? []), payload]);
    if (kind === 'round-committed') states.set(round, state);
  }
  const there = (rounds: Map<number, Hash[]>) =>
    [...rounds].filter(([, all]) => all.every((hash) => existsSync(`${folder}/${blobPlace(hash)}`)));
  return { payloads: there(payloads).map(([round]) => round), states: there(states).map(([round]) => round) };
}

function payloadOf(folder: string, round: number): string {
  const row = rowsOf(`${folder}/journal.sqlite`).find(
    ({ kind, body }) => kind === 'contribution-accepted' && JSON.parse(body).round === round,
  );
  return blobPlace(JSON.parse(row?.body ?? '{}').payload);
}

test('deltas are kept as long as payloads, and as many of the newest as are smaller than a base', async () => {
  const folder = temporaryFolder();
  const value = { bits: 8, block: 256, exponent: -20, maxShift: 12 };
  const downlink = { case: 'denseDeltas' as const, value };
  const created = tinyRun({ rounds: 9, payloadRounds: 1, downlink });
  const run = await Run.open(folder, created, clock, dated);
  for (const node of [a, b, c]) run.nodeJoined(node.key, null);
  const bases: Hash[] = [];
  for (let round = 1; round <= 6; round++) {
    await commit(run, round);
    bases.push(run.history().at(-1)?.base ?? '');
  }
  await run.close();
  const deltas = rowsOf(`${folder}/journal.sqlite`)
    .filter(({ kind }) => kind === 'round-committed')
    .map(({ body }): Hash => JSON.parse(body).delta);
  // Three of 101 bytes are smaller than a base of 400.
  const newest = deltas.slice(3);
  expect(deltas.filter((delta) => existsSync(`${folder}/${blobPlace(delta)}`))).toEqual(newest);
  const again = await Run.open(folder, undefined, clock, dated);
  expect(again.blobs.deltas(bases[2] ?? '', bases[5] ?? '')).toEqual(newest);
  expect(again.blobs.deltas(bases[1] ?? '', bases[5] ?? '')).toBeNull();
  expect(again.blobs.deltas(bases[1] ?? '', bases[4] ?? '')).toBeNull();
  expect(again.blobs.deltas('0'.repeat(64), bases[5] ?? '')).toBeNull();
  await again.close();
});

test('older payloads are removed, and the run verifies from the round after them', async () => {
  const folder = temporaryFolder();
  const run = await open(folder, 20);
  await commit(run, 13);
  const { base } = run.current();
  await run.close();
  const kept = keptRounds(folder);
  // 11 rounds are old; payloads are removed in steps of two. Round 14 is open.
  expect(kept.payloads).toEqual([11, 12, 13]);
  expect(kept.states).toEqual(expect.arrayContaining([10, 11, 12, 13]));
  const report = await reportOf(folderSource(folder));
  expect(report).toMatchObject({ problems: [], from: 11, rounds: 3, contributions: 39, base });
});

test('a relay says that a payload was removed, and verifies like its folder', async () => {
  const folder = temporaryFolder();
  const run = await open(folder, 20);
  await commit(run, 4);
  await run.close();
  const removed = payloadOf(folder, 2).split('/').at(-1);
  const relay = await start({ folder, create: tinyRun({ rounds: 20, payloadRounds }) });
  const report = await reportOf(relaySource(relay.url));
  expect(report).toMatchObject({ problems: [], from: 3, rounds: 2, contributions: 12 });
  const answer = await get(relay, `blobs/${removed}`);
  const text = 'blob.removed: no such blob; the payloads of rounds 1 to 2 are no longer kept\n';
  expect([answer.status, await answer.text()]).toEqual([404, text]);
});

test('a payload that the manifest keeps, and the state to begin from, may not be missing', async () => {
  const folder = temporaryFolder();
  const run = await open(folder, 20);
  await commit(run, 6);
  await run.close();
  const [{ body } = { body: '{}' }] = rowsOf(`${folder}/journal.sqlite`).filter(
    ({ kind, body }) => kind === 'round-committed' && JSON.parse(body).round === 4,
  );
  const [anchor = '', momentum = ''] = JSON.parse(body).state;
  for (const place of [payloadOf(folder, 5), payloadOf(folder, 6), blobPlace(anchor), blobPlace(momentum)]) {
    const copy = temporaryFolder();
    cpSync(folder, copy, { recursive: true });
    rmSync(`${copy}/${place}`);
    const { problems, rounds } = await reportOf(folderSource(copy));
    expect(problems).toContainEqual({ code: 'blob.missing', place, problem: 'is missing' });
    expect(rounds).toBeLessThan(2);
  }
});

test('a journal cannot excuse missing payloads with a commit that it does not have', async () => {
  const folder = temporaryFolder();
  const run = await open(folder, 20);
  await commit(run, 6);
  await run.close();
  const source = folderSource(folder);
  const { problems } = await reportOf({ ...source, committed: async () => 60 });
  expect(places(problems)).toContain('journal');
});

test('payloads that are removed while they are verified give no verdict', async () => {
  const folder = temporaryFolder();
  const run = await open(folder, 20);
  await commit(run, 5);
  const before = temporaryFolder();
  cpSync(folder, before, { recursive: true });
  await commit(run, 9);
  await run.close();
  let asked = 0;
  const [now, then] = [folderSource(folder), folderSource(before)];
  const source = { ...then, blob: now.blob, committed: async () => (asked++ === 0 ? 5 : 9) };
  await expect(reportOf(source)).rejects.toMatchObject({ code: 'run.moved-on' });
});

test('a crash in the middle of a removal loses nothing, and the next start removes the rest', async () => {
  const folder = temporaryFolder();
  let removals = Number.POSITIVE_INFINITY;
  const remove = async (path: string) => {
    if (path.includes('/blobs/') && removals-- <= 0) throw Object.assign(new Error('EIO'), { code: 'EIO' });
    await nodeFiles.remove(path);
  };
  const run = await open(folder, 20, { ...disk, files: { ...files, remove } });
  await commit(run, 3);
  removals = 1;
  await commit(run, 6);
  await run.close();
  expect(await reportOf(folderSource(folder))).toMatchObject({ problems: [], from: 5 });
  const left = readdirSync(folder, { recursive: true }).length;
  const again = await open(folder, 20);
  await again.close();
  expect(readdirSync(folder, { recursive: true }).length).toBeLessThan(left);
  expect(keptRounds(folder).payloads).toEqual([5, 6]);
  expect(await reportOf(folderSource(folder))).toMatchObject({ problems: [], from: 5 });
});

test('a young payload is not removed, and one that a later round has too is kept', async () => {
  const blobs = new MemoryBlobs(clock.now);
  const run = await open(temporaryFolder(), 20, { ...disk, openBlobs: () => blobs });
  const twice = drawnPayload(100, 5);
  const hash = hashOfBytes(twice);
  await contribute(run, a, twice);
  for (const node of [b, c]) await contribute(run, node, drawnPayload(100, node === b ? 1 : 2));
  await settled(run);
  const young = hashOfBytes(drawnPayload(100, 1));
  for (let round = 2; round <= 5; round++) {
    for (const [i, node] of [a, b, c].entries())
      await contribute(run, node, round === 5 && i === 0 ? twice : drawnPayload(100, round * 10 + i));
    await settled(run);
  }
  // No time has passed on the clock.
  expect(await blobs.get(young)).not.toBeNull();
  await commit(run, 6);
  expect(await blobs.get(young)).toBeNull();
  expect(await blobs.get(hash)).toEqual(twice);
  await run.close();
});

test('a run that keeps all payloads keeps the state of each eighth round to resume from', async () => {
  const folder = temporaryFolder();
  const created = tinyRun({ rounds: 20 });
  const run = await Run.open(folder, created, clock, dated);
  for (const node of [a, b, c]) run.nodeJoined(node.key, null);
  await settled(run);
  await commit(run, 20);
  await run.close();
  const kept = keptRounds(folder);
  expect(kept.payloads).toHaveLength(20);
  for (const round of [8, 16]) {
    expect(isAnchor(round, { payloadRounds: 0 })).toBe(true);
    expect(kept.states).toContain(round);
  }
  expect(kept.states).not.toContain(7);
});
