import { readdir, readFile, stat } from 'node:fs/promises';
import { join, normalize } from 'node:path';
import picomatch from 'picomatch';
import { type Corpus, type CorpusFile, corpusFromFiles } from '../data/corpus.ts';
import { TapestryError } from '../errors.ts';

/** What is taken from a folder. A file that is named, or that a pattern matches, is taken whatever its ending. */
const textFiles = '**/*.{txt,md,markdown,rst,tex,org,jsonl,ndjson}';

type Report = (problem: TapestryError) => void;

/**
 * The corpus of files, folders (with the folders within, but for hidden and linked ones) and glob patterns, in the order
 * given and by name within each; a file named twice counts once. What cannot be used is passed to `onProblem`, and the
 * others go on. Throws `corpus.none` when nothing is left. Works in Node and, with read permission, in Deno.
 */
export async function loadCorpusFiles(patterns: readonly string[], onProblem: Report): Promise<Corpus> {
  const paths = new Set<string>();
  for (const pattern of patterns) {
    for (const path of await filesOf(normalize(pattern), onProblem)) paths.add(path);
  }
  const files: CorpusFile[] = [];
  for (const path of paths) {
    try {
      files.push({ name: path, bytes: await readFile(path) });
    } catch (cause) {
      onProblem(problemWith(path, cause));
    }
  }
  return corpusFromFiles(patterns.join(', '), files, onProblem);
}

async function filesOf(pattern: string, onProblem: Report): Promise<string[]> {
  const { isGlob, base, glob } = picomatch.scan(pattern);
  let folder = pattern;
  let wanted = textFiles;
  try {
    if ((await stat(pattern)).isFile()) return [pattern];
  } catch (cause) {
    if (!isGlob) {
      onProblem(problemWith(pattern, cause));
      return [];
    }
    folder = base || '.';
    wanted = glob;
  }
  const deep = wanted.includes('/') || wanted.includes('**');
  const matches = picomatch(wanted, { nocase: true });
  const files = await filesBelow(folder, deep, onProblem);
  const found = files.filter((file) => matches(file)).sort();
  if (found.length === 0)
    onProblem(
      new TapestryError(
        'corpus.missing',
        `${pattern} holds or matches no text file.`,
        `Check the name. Of a folder, ${textFiles} is taken.`,
      ),
    );
  return found.map((file) => join(folder, file));
}

/** Paths from `folder` on. What cannot be listed is reported and has none. */
async function filesBelow(folder: string, deep: boolean, onProblem: Report): Promise<string[]> {
  try {
    const entries = (await readdir(folder, { withFileTypes: true })).filter(
      ({ name }) => !name.startsWith('.'),
    );
    const files = entries.map(async (entry) => {
      if (!entry.isDirectory()) return [entry.name];
      const below = deep ? await filesBelow(join(folder, entry.name), deep, onProblem) : [];
      return below.map((file) => join(entry.name, file));
    });
    return (await Promise.all(files)).flat();
  } catch (cause) {
    onProblem(problemWith(folder, cause));
    return [];
  }
}

function problemWith(path: string, cause: unknown): TapestryError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return cause instanceof Error && 'code' in cause && cause.code === 'ENOENT'
    ? new TapestryError('corpus.missing', `${path} is not there.`, 'Check the name.', { cause })
    : new TapestryError(
        'corpus.unreadable',
        `${path} cannot be read: ${reason}.`,
        'Allow this user (in Deno, this process with --allow-read) to read it.',
        { cause },
      );
}
