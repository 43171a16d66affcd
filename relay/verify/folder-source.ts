import { createReadStream, existsSync, statSync } from 'node:fs';
import { open, readdir } from 'node:fs/promises';
import { TapestryError } from '../../client/errors.ts';
import type { Replay } from '../journal/replay.ts';
import { journalFile } from '../journal/sqlite-log.ts';
import { nodeFiles, temporarySuffix } from '../storage/files.ts';
import { keyFile, parseRelayKey } from '../storage/relay-key.ts';
import { hashOfStream } from '../storage/sha256.ts';
import { isUploadName, readRecords } from '../storage/upload-store.ts';
import { type Hash, isHash, toHex } from '../wire/hex.ts';
import { JournalReader } from './journal-reader.ts';
import { type Problem, Problems } from './problems.ts';
import { blobPlace, type VerifySource, wholeBlob } from './source.ts';

/**
 * A run's folder, as `verifyRun` reads it. Writes, creates and locks nothing in it but SQLite's index of a write-ahead log.
 * The folder may belong to a running relay, or be a read-only copy. Memory is that of one blob.
 * Throws TapestryError `run.missing`; reading throws `run.unreadable` or `run.in-use`.
 *
 * Not covered: bytes of journal.sqlite that hold no entry; blobs/**.new and torn ends of files in partial/, which a
 * crash leaves and the next start removes; and files that the relay did not make.
 */
export function folderSource(folder: string): VerifySource {
  const path = `${folder}/${journalFile}`;
  if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true) {
    throw new TapestryError(
      'run.missing',
      `${folder} holds no run`,
      'Name the folder of a run, or a relay’s address.',
    );
  }
  const blob = (hash: Hash, length: number) => readAtMost(`${folder}/${blobPlace(hash)}`, length + 1);
  const journal = new JournalReader(path);
  return {
    journal: () => journal.entries(),
    committed: async () => journal.committed(),
    published: () => [],
    blob,
    async *rest(replay) {
      yield* journal.problems();
      journal.close();
      yield* newestState(replay, { blob });
      yield* misnamedBlobs(folder);
      yield* keyProblems(folder, replay);
      yield* partialProblems(folder);
    },
  };
}

/** The first `limit` bytes of a file, or all of a shorter one; null if there is no such file. */
async function readAtMost(path: string, limit: number): Promise<Uint8Array | null> {
  if (!existsSync(path)) return null;
  // A pipe or a device could be waited for without end.
  if (!statSync(path).isFile()) return null;
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    const bytes = new Uint8Array(Math.min(size, limit));
    let length = 0;
    while (length < bytes.length) {
      const { bytesRead } = await file.read(bytes, length, bytes.length - length, length);
      if (bytesRead === 0) break;
      length += bytesRead;
    }
    return bytes.subarray(0, length);
  } finally {
    await file.close();
  }
}

async function* newestState(
  replay: Replay | null,
  source: Pick<VerifySource, 'blob'>,
): AsyncGenerator<Problem> {
  if (replay === null || replay.committed === 0) return;
  const problems = new Problems();
  const bytes = replay.run.manifest.model.parameters * 4;
  for (const hash of replay.state) await wholeBlob(source, hash, bytes, problems);
  yield* problems.list;
}

/** Blobs whose bytes do not match their names, including blobs that no entry names: older bases, and leftovers of a crash. */
async function* misnamedBlobs(folder: string): AsyncGenerator<Problem> {
  for (const shelf of await nodeFiles.list(`${folder}/blobs`)) {
    const files = await readdir(`${folder}/blobs/${shelf}`, { withFileTypes: true }).catch(() => []);
    for (const file of files) {
      const place = `blobs/${shelf}/${file.name}`;
      if (!file.isFile() || !isHash(file.name.replace(temporarySuffix, ''))) {
        yield { place, problem: 'is not named by a hash' };
      } else if (isHash(file.name) && place !== blobPlace(file.name)) {
        yield { place, problem: 'is in the folder of other hashes' };
      } else if (
        isHash(file.name) &&
        (await hashOfStream(createReadStream(`${folder}/${place}`))) !== file.name
      ) {
        yield { place, problem: 'was changed: its bytes do not have the hash that names it' };
      }
    }
  }
}

/** The key may be absent, for example from a published copy, but must not be another run's. */
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
    const bytes = await nodeFiles.read(`${folder}/${place}`).catch(() => undefined);
    if (bytes === undefined) yield { place, problem: 'is no file that can be read' };
    else if (!isUploadName(name)) yield { place, problem: 'is not named as an upload' };
    else if (bytes !== null && readRecords(bytes).damaged) {
      yield { place: `${place}, byte ${readRecords(bytes).end}`, problem: 'this record was changed' };
    }
  }
}
