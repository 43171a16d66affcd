import type { Corpus } from '../../../client/data/corpus.ts';
import { corpusFromFiles } from '../../../client/data/reading/corpus-from-files.ts';
import type { TextBytes } from '../../../client/data/text-bytes.ts';
import { chosenFile } from '../../../client/host/browser/chosen-file.ts';
import { type Problem, problemOf } from '../../ui/problem.ts';
import type { TextPreview } from './worker-api.ts';

/** Lines of a preview, and the most characters of each. */
const [previewLines, lineCharacters] = [3, 120];

type ChosenFile = Pick<File, 'name' | 'stream'>;

/**
 * Reads the files that a person chose into a corpus.
 * @throws TapestryError `corpus.none` when no text is left
 */
export function readFiles(
  files: readonly ChosenFile[],
  onProblem: (problem: Problem) => void,
): Promise<Corpus> {
  return corpusFromFiles('The choice of files', files.map(chosenFile), (problem) =>
    onProblem(problemOf(problem)),
  );
}

/** What the files hold. */
export async function previewOf(files: readonly ChosenFile[]): Promise<TextPreview> {
  const problems: Problem[] = [];
  try {
    const { train, heldOut } = await readFiles(files, (problem) => problems.push(problem));
    const firstLines = linesOf([train, heldOut]).map(shortened);
    return { bytes: train.length + heldOut.length, firstLines, problems };
  } catch (error) {
    return { bytes: 0, firstLines: [], problems: [...problems, problemOf(error)] };
  }
}

/** The first lines with something other than white space. */
function linesOf(texts: readonly TextBytes[]): string[] {
  const lines: string[] = [];
  for (const text of texts)
    for (const piece of text.pieces()) {
      lines.push(...piece.text.split('\n').filter((line) => line.trim() !== ''));
      if (lines.length >= previewLines) return lines.slice(0, previewLines);
    }
  return lines;
}

function shortened(line: string): string {
  const characters = [...line.trim().slice(0, 2 * lineCharacters + 2)];
  return characters.length <= lineCharacters
    ? characters.join('')
    : `${characters.slice(0, lineCharacters - 1).join('')}…`;
}
