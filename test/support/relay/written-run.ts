import { cpSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { create } from '@bufbuild/protobuf';
import { expect } from 'vitest';
import { checkEntry, entryHash, noPrevious, type StoredEntry } from '../../../relay/journal/entry.ts';
import { Replay } from '../../../relay/journal/replay.ts';
import { Run } from '../../../relay/run/run.ts';
import { JournalReader } from '../../../relay/verify/journal-reader.ts';
import type { Kept } from '../../../relay/verify/kept.ts';
import type { Problem } from '../../../relay/verify/problems.ts';
import type { VerifySource } from '../../../relay/verify/source.ts';
import { type VerifyReport, verifyRun } from '../../../relay/verify/verify.ts';
import { ChunkSchema, RefusalCode } from '../../../relay/wire/tapestry_pb.js';
import { temporaryFolder } from '../temporary-folder.ts';
import {
  contribute,
  drawnPayload,
  offerFor,
  settled,
  TestClock,
  type TestNode,
  testNodes,
  tinyRun,
} from './run-support.ts';

/** Two committed rounds, an abandoned attempt, and a third round left open with an upload under way. */
export async function writeRun(folder: string): Promise<Run> {
  const clock = new TestClock();
  const nodes = await testNodes(3);
  const run = await Run.open(folder, tinyRun(), clock);
  for (const [i, node] of nodes.entries()) run.nodeJoined(node.key, i === 0 ? null : i - 1);
  await settled(run);
  for (let round = 1; round <= 2; round++) {
    for (const [i, node] of nodes.entries()) {
      expect(await contribute(run, node, drawnPayload(100, round * 10 + i))).toMatchObject({ round });
      clock.pass(10);
    }
    await settled(run);
  }
  const [first, second] = nodes;
  if (first === undefined || second === undefined) throw new Error('no nodes');
  await contribute(run, first, drawnPayload(100, 50));
  clock.pass(60_000);
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

/** Verifies to the end. */
export async function reportOf(source: VerifySource, kept: readonly Kept[] = []): Promise<VerifyReport> {
  const checks = verifyRun(source, { kept });
  for (;;) {
    const { done, value } = await checks.next();
    if (done) return value;
  }
}

export function places(problems: readonly Problem[]): string[] {
  return problems.map(({ place }) => place);
}

/** The entries of a closed journal's file. */
export function rowsOf(path: string): StoredEntry[] {
  const copy = `${temporaryFolder()}/journal.sqlite`;
  cpSync(path, copy);
  const journal = new JournalReader(copy);
  const rows = [...journal.entries()];
  journal.close();
  return rows;
}

/** Changes a closed journal's file directly, as an attacker with write access would. */
export function rewrite(path: string, statement: string, ...values: string[]): void {
  const database = new DatabaseSync(path);
  for (const { name } of database.prepare("select name from sqlite_schema where type = 'trigger'").all()) {
    database.exec(`drop trigger ${name}`);
  }
  database.prepare(statement).run(...values);
  database.close();
}

/** The entries with their hash chain recomputed. */
export function rechained(rows: readonly StoredEntry[]): StoredEntry[] {
  const chained: StoredEntry[] = [];
  for (const row of rows) {
    const before = chained.at(-1);
    const entry = { ...row, sequence: (before?.sequence ?? 0) + 1, previous: before?.hash ?? noPrevious };
    chained.push({ ...entry, hash: entryHash(entry) });
  }
  return chained;
}

/** The entries with every checkpoint signed by another key, and roots and chain recomputed. */
export async function resigned(rows: readonly StoredEntry[], forger: TestNode): Promise<StoredEntry[]> {
  const done: StoredEntry[] = [];
  let replay: Replay | null = null;
  for (const row of rows) {
    const body = JSON.parse(row.body);
    if (replay !== null && 'checkpoint' in body) body.checkpoint = await replay.tree.sign(forger.signing);
    const before = done.at(-1);
    const unhashed = { ...row, body: JSON.stringify(body), previous: before?.hash ?? noPrevious };
    const stored = { ...unhashed, hash: entryHash(unhashed) };
    const checked = checkEntry(stored, before ?? null);
    if (replay === null) replay = Replay.begin(checked);
    else replay.apply(checked);
    done.push(stored);
  }
  return done;
}

/** Replaces all entries of a closed journal's file. */
export function replaceEntries(path: string, entries: readonly StoredEntry[]): void {
  rewrite(path, 'delete from entries');
  const database = new DatabaseSync(path);
  const insert = database.prepare('insert into entries values (?, ?, ?, ?, ?, ?)');
  database.exec('begin');
  for (const { sequence, time, kind, body, previous, hash } of entries)
    insert.run(sequence, time, kind, body, previous, hash);
  database.exec('commit');
  database.close();
}
