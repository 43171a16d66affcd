import { cpSync } from 'node:fs';
import { expect, test } from 'vitest';
import { Run } from '../../../relay/run/run.ts';
import { folderSource } from '../../../relay/verify/folder-source.ts';
import type { Kept } from '../../../relay/verify/kept.ts';
import { type VerifyOptions, type VerifyReport, verifyRun } from '../../../relay/verify/verify.ts';
import {
  checkForkProof,
  decodeForkProof,
  encodeForkProof,
  type ForkProof,
} from '../../../relay/wire/evidence/fork-proof.ts';
import { encodeToNode } from '../../../relay/wire/frames.ts';
import {
  contribute,
  drawnPayload,
  settled,
  TestClock,
  testNode,
  testNodes,
  tinyRun,
} from '../../support/relay/run-support.ts';
import {
  places,
  rechained,
  replaceEntries,
  reportOf,
  resigned,
  rewrite,
  rowsOf,
} from '../../support/relay/written-run.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

/** Evidence kept of a run: its checkpoint after each round, and the receipt of each round's last contribution. */
interface Told {
  readonly checkpoints: Kept[];
  readonly receipts: Kept[];
}

/** Plays `rounds` rounds of the run in `folder`, with deltas drawn from `seed`. */
async function play(folder: string, rounds: number, seed: number): Promise<Told> {
  const clock = new TestClock();
  const nodes = await testNodes(3);
  const run = await Run.open(folder, undefined, clock);
  const told: Told = { checkpoints: [], receipts: [] };
  for (const { key } of nodes) run.nodeJoined(key, null);
  await settled(run);
  for (let round = 0; round < rounds; round++) {
    for (const [i, node] of nodes.entries()) {
      const receipt = await contribute(run, node, drawnPayload(100, seed + 10 * round + i));
      if (typeof receipt === 'string') throw new Error(receipt);
      const bytes = encodeToNode({ case: 'acknowledgement', value: receipt });
      if (i === 2) told.receipts.push({ kind: 'receipt', place: `receipt-${round}.bin`, bytes });
    }
    await settled(run);
    const bytes = run.checkpoint() ?? new Uint8Array();
    told.checkpoints.push({ kind: 'checkpoint', place: `checkpoint-${round}.txt`, bytes });
  }
  await run.close();
  return told;
}

/** Two folders of one run with the same key, as a relay that shows two journals has. */
async function twoFolders(): Promise<[string, string]> {
  const folders: [string, string] = [temporaryFolder(), temporaryFolder()];
  await (await Run.open(folders[0], tinyRun({ rounds: 3 }), new TestClock())).close();
  cpSync(folders[0], folders[1], { recursive: true });
  return folders;
}

async function verified(folder: string, options: VerifyOptions): Promise<VerifyReport> {
  const checks = verifyRun(folderSource(folder), options);
  for (;;) {
    const { done, value } = await checks.next();
    if (done) return value;
  }
}

const problemsOf = async (folder: string, kept: readonly Kept[] = []) =>
  (await reportOf(folderSource(folder), kept)).problems;

test('a run agrees with every checkpoint and receipt kept of it', async () => {
  const [folder] = await twoFolders();
  const { checkpoints, receipts } = await play(folder, 3, 1);
  expect(await problemsOf(folder, [...checkpoints, ...receipts])).toEqual([]);
  const ended = new TextDecoder().decode(checkpoints.at(-1)?.bytes).split('\n')[1];
  expect(Number(ended)).toBe(rowsOf(`${folder}/journal.sqlite`).length - 1);
});

test('two journals of one relay each verify alone, but neither with the evidence from the other', async () => {
  const [folder, other] = await twoFolders();
  const told = await play(folder, 2, 1);
  const toldOther = await play(other, 2, 500);
  expect([await problemsOf(folder), await problemsOf(other)]).toEqual([[], []]);
  for (const kept of [...told.checkpoints, ...told.receipts]) {
    expect(await problemsOf(other, [kept])).toEqual([
      {
        ...{ code: 'journal.forked', values: [expect.any(Number)], place: kept.place },
        problem: expect.stringContaining('the relay showed two journals'),
      },
    ]);
  }
  expect(places(await problemsOf(folder, [...toldOther.checkpoints, ...toldOther.receipts]))).toHaveLength(4);
});

test('a fork is proved to anyone, by each checkpoint and receipt that the journal has passed', async () => {
  const [folder, other] = await twoFolders();
  const told = await play(folder, 2, 1);
  await play(other, 3, 500);
  for (const kept of [...told.checkpoints, ...told.receipts]) {
    const report = await verified(other, { kept: [kept] });
    if (report.fork === null) throw new Error(`${kept.place} proves nothing`);
    const read = decodeForkProof(encodeForkProof(report.fork));
    expect(read).toEqual({ ...report.fork, earlier: { kind: kept.kind, bytes: kept.bytes } });
    expect(await checkForkProof(report.fork)).toMatchObject({ run: report.run, relayKey: report.relayKey });
  }
  // This journal's newest checkpoint is older than the evidence: there is a contradiction, but no proof of it yet.
  const [long, short] = await twoFolders();
  const [, later] = (await play(long, 2, 1)).receipts;
  await play(short, 1, 500);
  const report = await verified(short, { kept: later ? [later] : [] });
  expect(report).toMatchObject({ fork: null, problems: [{ place: later?.place }] });
});

test('a proof with any part changed, and one against an honest relay, proves nothing', async () => {
  const [folder, other] = await twoFolders();
  const told = await play(folder, 2, 1);
  await play(other, 3, 500);
  const [checkpoint] = told.checkpoints;
  const [, receipt] = told.receipts;
  if (checkpoint === undefined || receipt === undefined) throw new Error('no evidence');
  for (const kept of [checkpoint, receipt]) {
    const { fork } = await verified(other, { kept: [kept] });
    if (fork?.entry == null) throw new Error('no proof');
    const { manifest, earlier, later, entry } = fork;
    const [first, ...rest] = entry.path;
    const changed: ForkProof[] = [
      { ...fork, manifest: flipped(manifest) },
      { ...fork, earlier: { ...earlier, bytes: flipped(earlier.bytes) } },
      { ...fork, later: flipped(later) },
      { ...fork, later: checkpoint.bytes },
      { ...fork, entry: null },
      { ...fork, entry: { ...entry, hash: '0'.repeat(64) } },
      { ...fork, entry: { ...entry, path: rest } },
      { ...fork, entry: { ...entry, path: [flipped(first ?? new Uint8Array(32)), ...rest] } },
    ];
    for (const [i, proof] of changed.entries()) expect(await checkForkProof(proof), `${i}`).toBeNull();
  }
  const { fork } = await verified(other, { kept: [checkpoint] });
  const twice = fork && { ...fork, earlier: { kind: 'checkpoint' as const, bytes: fork.later }, entry: null };
  expect(twice && (await checkForkProof(twice))).toBeNull();
});

/** The bytes with one bit changed, in a part that is signed or hashed. */
function flipped(bytes: Uint8Array): Uint8Array {
  const changed = bytes.slice();
  const at = 40 % bytes.length;
  changed[at] = (changed[at] ?? 0) ^ 1;
  return changed;
}

test('the run and the relay that a reader asked for are the ones that verify', async () => {
  const [folder] = await twoFolders();
  await play(folder, 1, 1);
  const { run, relayKey, problems } = await verified(folder, {});
  expect(problems).toEqual([]);
  if (run === null || relayKey === null) throw new Error('no run');
  expect((await verified(folder, { run, relayKey })).problems).toEqual([]);
  for (const other of [{ run: relayKey }, { relayKey: run }]) {
    const named = await verified(folder, other);
    expect(named.problems[0]).toMatchObject({ place: 'journal entry 1, body.manifest' });
    expect(named.rounds).toBe(0);
  }
});

test('entries after the newest checkpoint are told as not signed yet', async () => {
  const [folder] = await twoFolders();
  expect(await verified(folder, {})).toMatchObject({ entries: 1, signed: 0 });
  await play(folder, 1, 1);
  const rows = rowsOf(`${folder}/journal.sqlite`);
  const commit = rows.find(({ kind }) => kind === 'round-committed')?.sequence ?? 0;
  expect(await verified(folder, {})).toMatchObject({ entries: rows.length, signed: commit - 1 });
});

test('kept evidence shows that entries were cut off the end', async () => {
  const [folder] = await twoFolders();
  const { checkpoints, receipts } = await play(folder, 2, 1);
  const rows = rowsOf(`${folder}/journal.sqlite`);
  const [, second] = rows.filter(({ kind }) => kind === 'round-opened');
  rewrite(`${folder}/journal.sqlite`, `delete from entries where sequence >= ${second?.sequence}`);
  expect(await problemsOf(folder)).toEqual([]);
  expect(await problemsOf(folder, [...checkpoints, ...receipts])).toEqual(
    ['checkpoint-1.txt', 'receipt-1.bin'].map((place) => ({
      ...{ code: 'journal.cut-off', values: [(second?.sequence ?? 0) - 1, expect.any(Number)], place },
      problem: expect.stringContaining('cut off'),
    })),
  );
});

test('changed evidence, or evidence of another run, is named and proves nothing', async () => {
  const [folder] = await twoFolders();
  const { checkpoints, receipts } = await play(folder, 1, 1);
  for (const kept of [...checkpoints, ...receipts]) {
    const bytes = kept.bytes.slice();
    bytes[60] = (bytes[60] ?? 0) ^ 1;
    expect(await problemsOf(folder, [{ ...kept, bytes }])).toEqual([
      {
        ...{ code: 'evidence.unsigned', place: kept.place },
        problem: expect.stringContaining('the relay of this run signed'),
      },
    ]);
  }
});

test('a consistent but different history does not verify without the relay’s key', async () => {
  const [folder, forged] = await twoFolders();
  await play(folder, 2, 1);
  await play(forged, 2, 500);
  const forger = await testNode(77);
  const rows = await resigned(rowsOf(`${forged}/journal.sqlite`), forger);
  replaceEntries(`${forged}/journal.sqlite`, rows);
  const commit = rows.find(({ kind }) => kind === 'round-committed')?.sequence;
  const named = [`journal entry ${commit}, body.checkpoint.signature`];
  expect(places(await problemsOf(forged))).toEqual(named);
  // A relay serves the same entries over HTTP.
  const served = { ...folderSource(forged), journal: () => rows };
  expect(places((await reportOf(served)).problems)).toEqual(named);
  // A signature of another tree of the run does not verify for this one.
  const later = rowsOf(`${folder}/journal.sqlite`).map((row) => ({ ...row, time: row.time + 1 }));
  const borrowed = { ...folderSource(folder), journal: () => rechained(later) };
  expect(places((await reportOf(borrowed)).problems)).toEqual([
    `journal entry ${commit}, body.checkpoint.root`,
  ]);
});
