import type { Replay } from '../journal/replay.ts';
import { temporarySuffix } from '../storage/temporary-suffix.ts';
import { isUploadName, readRecords } from '../storage/upload-store.ts';
import { type Hash, isHash } from '../wire/hex.ts';
import { type Problem, Problems } from './problems.ts';
import { blobPlace, type VerifySource, wholeBlob } from './source.ts';

/** The files of a run's folder, wherever it is. Paths are relative to it. */
export interface RunFiles {
  /** What a folder holds; nothing if there is no such folder. */
  list(path: string): Promise<readonly { readonly name: string; readonly isFile: boolean }[]>;
  /** The first `most` bytes of a file, or all of a shorter one; null if there is no such file. */
  read(path: string, most: number): Promise<Uint8Array | null>;
  /** SHA-256 of a file. */
  hash(path: string): Promise<Hash>;
}

/**
 * Checks the files that the journal's own checks do not read: the newest state, which is that of `replay`, blobs that no entry
 * names, and uploads.
 */
export async function* otherProblems(files: RunFiles, replay: Replay | null): AsyncGenerator<Problem> {
  yield* newestState(replay, files);
  yield* misnamedBlobs(files);
  yield* partialProblems(files);
}

/** A run's folder gives each blob under its hash. */
export function blobsIn(files: Pick<RunFiles, 'read'>): VerifySource['blob'] {
  return (hash, length) => files.read(blobPlace(hash), length + 1);
}

async function* newestState(replay: Replay | null, files: RunFiles): AsyncGenerator<Problem> {
  if (replay === null || replay.committed === 0) return;
  const problems = new Problems();
  const bytes = replay.run.manifest.model.parameters * 4;
  for (const hash of replay.state) await wholeBlob({ blob: blobsIn(files) }, hash, bytes, problems);
  yield* problems.list;
}

/** Blobs whose bytes do not match their names, including blobs that no entry names: older bases, and leftovers of a crash. */
async function* misnamedBlobs(files: RunFiles): AsyncGenerator<Problem> {
  for (const shelf of await files.list('blobs')) {
    for (const { name, isFile } of await files.list(`blobs/${shelf.name}`)) {
      const place = `blobs/${shelf.name}/${name}`;
      if (!isFile || !isHash(name.replace(temporarySuffix, ''))) {
        yield { code: 'file.misplaced', place, problem: 'is not named by a hash' };
      } else if (isHash(name) && place !== blobPlace(name)) {
        yield { code: 'file.misplaced', place, problem: 'is in the folder of other hashes' };
      } else if (isHash(name) && (await files.hash(place)) !== name) {
        yield {
          code: 'blob.changed',
          place,
          problem: 'was changed: its bytes do not have the hash that names it',
        };
      }
    }
  }
}

async function* partialProblems(files: RunFiles): AsyncGenerator<Problem> {
  for (const { name } of await files.list('partial')) {
    const place = `partial/${name}`;
    const bytes = await files.read(place, Number.POSITIVE_INFINITY);
    if (bytes === null) yield { code: 'file.misplaced', place, problem: 'is no file that can be read' };
    else if (!isUploadName(name))
      yield { code: 'file.misplaced', place, problem: 'is not named as an upload' };
    else if (readRecords(bytes).damaged) {
      const at = `${place}, byte ${readRecords(bytes).end}`;
      yield { code: 'upload.changed', place: at, problem: 'this record was changed' };
    }
  }
}
