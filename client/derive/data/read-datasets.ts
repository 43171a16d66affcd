import type { TextFile } from '../../data/reading/file-reading.ts';
import { LeftOut, Problems } from '../../data/reading/problems.ts';
import { printable, TapestryError } from '../../errors.ts';
import { type FileRows, readRows } from './read-rows.ts';

/**
 * Reads the rows of files. Each sort of problem is passed to `onProblem` once. `names` say in errors what was asked for.
 * @throws TapestryError `dataset.none` if none can be read
 */
export async function readDatasets(
  names: readonly string[],
  files: Iterable<TextFile>,
  onProblem: (problem: TapestryError) => void,
  problems = new Problems(),
): Promise<FileRows[]> {
  const read: FileRows[] = [];
  for (const file of files) {
    try {
      read.push(await readRows(file, problems));
    } catch (error) {
      if (!(error instanceof LeftOut)) throw error;
      problems.add(error.sort, file.name, null, error.cause);
    }
  }
  for (const problem of problems.list()) onProblem(problem);
  if (read.length > 0) return read;
  throw new TapestryError(
    'dataset.none',
    `No dataset can be read from ${printable(names.join(', '))}.`,
    'Name files of JSONL, JSON or text that are on this machine. Datasets of a hub are downloaded first.',
  );
}
