import { printable, TapestryError } from '../../errors.ts';
import type { Corpus } from '../corpus.ts';
import { splitText } from '../split.ts';
import { TextBytes } from '../text-bytes.ts';
import { defaultReadingLimits, FileReading, type ReadingLimits, type TextFile } from './file-reading.ts';
import { LeftOut, Problems } from './problems.ts';

/**
 * Reads a person's files into a corpus. It takes memory of one to two times the text. In a file named .jsonl or .ndjson,
 * each line is a document (an object with a "text" field); any other file is one document. A line or a file that cannot
 * be used is left out. After all files are read, each sort of problem is passed to `onProblem` once.
 * @throws TapestryError `corpus.none` when no text is left
 */
export async function corpusFromFiles(
  name: string,
  files: Iterable<TextFile>,
  onProblem: (problem: TapestryError) => void,
  limits: ReadingLimits = defaultReadingLimits,
  problems = new Problems(),
): Promise<Corpus> {
  const text = new TextBytes();
  for (const file of files) {
    const before = text.length;
    try {
      await new FileReading(file, text, problems, limits).read();
    } catch (error) {
      if (!(error instanceof LeftOut)) throw error;
      text.truncate(before);
      problems.add(error.sort, file.name, null, error.cause);
    }
  }
  for (const problem of problems.list()) onProblem(problem);
  if (text.length === 0)
    throw new TapestryError(
      'corpus.none',
      `${printable(name)} has no text that can be used.`,
      'Give at least one text file or JSONL file with some paragraphs in it.',
    );
  return { name, ...splitText(text) };
}
