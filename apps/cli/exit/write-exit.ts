import { createHash } from 'node:crypto';
import { createReadStream, mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { backup, DatabaseSync } from 'node:sqlite';
import type { Identity } from '../../../client/identity.ts';
import { journalFile } from '../../../relay/journal/rows.ts';
import { writeNewFile } from '../files/new-file.ts';
import { type ExitContent, encodeExitList, exitFile } from './exit-list.ts';
import type { Part } from './parts.ts';

/**
 * Copies parts into a new folder, each file durably, and lists them in its exit.json last. A running relay may go on: its
 * journal is read as of one moment, and before the blobs that it names. `onPart` is called before each part.
 */
export async function writeExit(
  folder: string,
  parts: readonly Part[],
  signer: Identity,
  onPart: (part: Part) => void,
): Promise<ExitContent> {
  const files: ExitContent['files'] = [];
  const copy = async (from: string, path: string) => {
    const hash = createHash('sha256');
    const bytes = await writeNewFile(join(folder, path), hashing(createReadStream(from), hash), '--out');
    files.push({ path, bytes, hash: hash.digest('hex') });
  };
  for (const part of parts) {
    onPart(part);
    const { kind, from, folder: own } = part;
    const journal = kind === 'run' ? journalFile : null;
    if (journal !== null) await withJournal(join(from, journal), (path) => copy(path, `${own}/${journal}`));
    for (const name of part.files) if (name !== journal) await copy(join(from, name), `${own}/${name}`);
  }
  const content = { parts: parts.map(({ kind, folder: own }) => ({ kind, folder: own })), files };
  await writeNewFile(join(folder, exitFile), [await encodeExitList(content, signer)], '--out');
  return content;
}

/** Calls `use` with a copy of a journal as of one moment, which is removed afterwards. */
async function withJournal(path: string, use: (copy: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'tapestry-exit-'));
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    const copy = join(folder, journalFile);
    await backup(database, copy);
    await use(copy);
  } finally {
    database.close();
    await rm(folder, { recursive: true, force: true });
  }
}

async function* hashing(
  chunks: AsyncIterable<Uint8Array>,
  hash: ReturnType<typeof createHash>,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    hash.update(chunk);
    yield chunk;
  }
}
