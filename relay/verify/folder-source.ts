import { createReadStream, statSync } from 'node:fs';
import { open, readdir, stat } from 'node:fs/promises';
import { TapestryError } from '../../client/errors.ts';
import type { Replay } from '../journal/replay.ts';
import { journalFile } from '../journal/rows.ts';
import { nodeFiles } from '../storage/files.ts';
import { keyFile, parseRelayKey } from '../storage/relay-key.ts';
import { hashOfStream } from '../storage/sha256.ts';
import { toHex } from '../wire/hex.ts';
import { JournalReader } from './journal-reader.ts';
import { blobsIn, otherProblems, type RunFiles } from './other-files.ts';
import type { Problem } from './problems.ts';
import type { VerifySource } from './source.ts';

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
      `${folder} holds no run.`,
      'Name the folder of a run, or a relay’s address.',
    );
  }
  const files = filesIn(folder);
  const journal = new JournalReader(path);
  return {
    journal: () => journal.entries(),
    committed: async () => journal.committed(),
    published: () => [],
    blob: blobsIn(files),
    async *rest(replay, isWhole) {
      yield* journal.problems();
      journal.close();
      yield* otherProblems(files, isWhole ? replay : null);
      yield* keyProblems(folder, replay);
    },
  };
}

function filesIn(folder: string): RunFiles {
  return {
    async list(path) {
      const found = await readdir(`${folder}/${path}`, { withFileTypes: true }).catch(() => []);
      return found.map((entry) => ({ name: entry.name, isFile: entry.isFile() }));
    },
    read: (path, most) => readAtMost(`${folder}/${path}`, most),
    hash: (path) => hashOfStream(createReadStream(`${folder}/${path}`)),
  };
}

/** The first `limit` bytes of a file, or all of a shorter one; null if there is no such file. */
async function readAtMost(path: string, limit: number): Promise<Uint8Array | null> {
  const about = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return null;
    throw error;
  });
  // A pipe or a device could be waited for without end.
  if (about?.isFile() !== true) return null;
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

/** The key may be absent, for example from a published copy, but must not be another run's. */
async function* keyProblems(folder: string, replay: Replay | null): AsyncGenerator<Problem> {
  const bytes = await nodeFiles.read(`${folder}/${keyFile}`).catch(() => null);
  if (bytes === null) return;
  try {
    const key = await parseRelayKey(bytes);
    if (replay !== null && toHex(key.public) !== toHex(replay.run.manifest.relayKey)) {
      yield { code: 'key.other', place: keyFile, problem: 'is not the key that the manifest names' };
    }
  } catch (error) {
    if (!(error instanceof TapestryError)) throw error;
    yield { code: 'key.other', place: keyFile, problem: error.message };
  }
}
