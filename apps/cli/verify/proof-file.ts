import { join } from 'node:path';
import { TapestryError } from '../../../client/errors.ts';
import { writeNewFile } from '../files/new-file.ts';

/** The names that are tried for the proof of one run. */
const mostNames = 100;

/** Writes the proof of a run's fork into a folder, beside earlier ones; resolves with its path. */
export async function writeNumberedProof(folder: string, run: string, bytes: Uint8Array): Promise<string> {
  const stem = join(folder, `fork-${run.slice(0, 16)}`);
  for (let number = 2, path = `${stem}.json`; ; path = `${stem}-${number++}.json`) {
    try {
      await writeNewFile(path, [bytes], '--proof');
      return path;
    } catch (error) {
      const isTaken = error instanceof TapestryError && error.code === 'usage.exists';
      if (!isTaken || number > mostNames) throw error;
    }
  }
}
