import { readdir, readFile, stat } from 'node:fs/promises';
import { TapestryError } from '../client/errors.ts';
import type { StoredEntry } from './entries.ts';
import { nodeFiles, temporarySuffix } from './files.ts';
import { JournalFile } from './journal-file.ts';
import { keyFile, parseRelayKey } from './key.ts';
import { isPartialName, readRecords } from './partial.ts';
import type { Replay } from './replay.ts';
import { journalFile } from './run-folder.ts';
import { hashOfBytes } from './store.ts';
import { blobPlace, type Problem, type VerifySource, wholeBlob } from './verify.ts';
import { type Hash, isHash, toHex } from './wire/hex.ts';

/**
 * A run's folder as `verifyRun` reads it. Nothing in it is written, made or locked, so a copy without rights to write
 * will do, and so will a folder whose relay is running. Throws TapestryError `run.missing`.
 *
 * Every byte of every file is covered but: what relay/journal-file.ts names; blobs/**.new and torn ends of files in
 * partial/, which a crash left and the next start drops; and files that are not a relay's.
 */
export async function folderSource(folder: string): Promise<VerifySource> {
  const files = await readJournal(folder);
  const journal = new JournalFile(files.database, files.log);
  const checked = new Set<Hash>();
  const blob = async (hash: Hash) => {
    checked.add(hash);
    return nodeFiles.read(`${folder}/${blobPlace(hash)}`);
  };
  return {
    journal: (): Iterable<StoredEntry> => journal.entries(),
    blob,
    async *rest(replay) {
      yield* journal.problems(replay?.writers ?? new Set());
      yield* newestCheckpoint(replay, { blob });
      yield* otherBlobs(folder, checked);
      yield* keyProblems(folder, replay);
      yield* partialProblems(folder);
    },
  };
}

/** Both files as they were at one moment, also while a relay writes: read again when they changed meanwhile. */
async function readJournal(
  folder: string,
): Promise<{ database: Uint8Array<ArrayBuffer>; log: Uint8Array<ArrayBuffer> }> {
  const path = `${folder}/${journalFile}`;
  const marks = async () =>
    Promise.all(
      [path, `${path}-wal`].map((file) =>
        stat(file).then(
          ({ mtimeMs, size }) => `${mtimeMs} ${size}`,
          () => 'none',
        ),
      ),
    );
  for (;;) {
    const before = await marks();
    const database = await nodeFiles.read(path);
    const log = await nodeFiles.read(`${path}-wal`);
    if (database === null) {
      throw new TapestryError(
        'run.missing',
        `${folder} holds no run`,
        'Name the folder of a run, or a relay’s address.',
      );
    }
    if ((await marks()).join() === before.join()) return { database, log: log ?? new Uint8Array(0) };
  }
}

async function* newestCheckpoint(
  replay: Replay | null,
  source: Pick<VerifySource, 'blob'>,
): AsyncGenerator<Problem> {
  const problems: Problem[] = [];
  const newest = replay?.checkpoints.at(-1);
  if (replay === null || newest === undefined) return;
  const bytes = replay.run.manifest.model.parameters * 4;
  for (const hash of [newest.base, newest.momentum]) await wholeBlob(source, hash, bytes, problems);
  yield* problems;
}

/** Blobs that the journal's check did not read: older bases and momenta, and what a crash left without a name. */
async function* otherBlobs(folder: string, checked: ReadonlySet<Hash>): AsyncGenerator<Problem> {
  for (const entry of await readdir(`${folder}/blobs`, { recursive: true, withFileTypes: true }).catch(
    () => [],
  )) {
    if (!entry.isFile()) continue;
    const place = `${entry.parentPath}/${entry.name}`.slice(folder.length + 1);
    if (!isHash(entry.name.replace(temporarySuffix, ''))) yield { place, problem: 'is not named by a hash' };
    else if (isHash(entry.name) && place !== blobPlace(entry.name))
      yield { place, problem: 'is in another’s folder' };
    else if (isHash(entry.name) && !checked.has(entry.name)) {
      const bytes = await readFile(`${folder}/${place}`);
      if (hashOfBytes(bytes) !== entry.name) {
        yield { place, problem: 'was changed: its bytes do not have the hash that names it' };
      }
    }
  }
}

/** The key may be absent, as in a copy that was given away, but not another one. */
async function* keyProblems(folder: string, replay: Replay | null): AsyncGenerator<Problem> {
  const bytes = await nodeFiles.read(`${folder}/${keyFile}`).catch(() => null);
  if (bytes === null) return;
  try {
    const key = await parseRelayKey(bytes);
    if (replay !== null && toHex(key.public) !== toHex(replay.run.manifest.relayKey)) {
      yield { place: keyFile, problem: 'is not the key that the manifest names' };
    }
  } catch (error) {
    if (!(error instanceof TapestryError)) throw error;
    yield { place: keyFile, problem: error.message };
  }
}

async function* partialProblems(folder: string): AsyncGenerator<Problem> {
  for (const name of await nodeFiles.list(`${folder}/partial`)) {
    const place = `partial/${name}`;
    const bytes = await nodeFiles.read(`${folder}/${place}`);
    if (!isPartialName(name)) yield { place, problem: 'is not named as an upload' };
    else if (bytes !== null && readRecords(bytes).damaged) {
      yield { place: `${place}, byte ${readRecords(bytes).end}`, problem: 'this record was changed' };
    }
  }
}
