import { readFile, stat } from 'node:fs/promises';
import { normalize } from 'node:path';
import { globSync, isDynamicPattern } from 'tinyglobby';
import { type Corpus, type CorpusFile, corpusFromFiles } from '../data/corpus.ts';
import { TapestryError } from '../errors.ts';

/** What is taken from a folder. A file that is named, or that a pattern matches, is taken whatever its ending. */
const endings = 'txt,md,markdown,rst,tex,org,jsonl,ndjson';

/**
 * The corpus of files, folders (with all folders within) and glob patterns, in the order given and by name within each;
 * a file named twice counts once. What cannot be used is passed to `onProblem`, and the others go on. Throws
 * `corpus.none` when nothing is left. Works in Node and, with read permission, in Deno.
 */
export async function loadCorpusFiles(
  patterns: readonly string[],
  onProblem: (problem: TapestryError) => void,
): Promise<Corpus> {
  const paths = new Set<string>();
  for (const pattern of patterns) {
    const found = await filesOf(pattern);
    if (found.length === 0)
      onProblem(
        new TapestryError(
          'corpus.missing',
          `${pattern} is not a file, nor does it hold or match one that could be text.`,
          `Check the name. From folders, files ending in ${endings.replaceAll(',', ', ')} are taken.`,
        ),
      );
    for (const path of found) paths.add(normalize(path));
  }
  const files: CorpusFile[] = [];
  for (const path of paths) {
    try {
      files.push({ name: path, bytes: await readFile(path) });
    } catch (cause) {
      onProblem(
        new TapestryError(
          'corpus.unreadable',
          `${path} cannot be read: ${cause instanceof Error ? cause.message : cause}`,
          'Allow this user (in Deno, this process with --allow-read) to read it.',
          { cause },
        ),
      );
    }
  }
  return corpusFromFiles(patterns.join(', '), files, onProblem);
}

async function filesOf(pattern: string): Promise<string[]> {
  const found = await stat(pattern).catch(() => undefined);
  if (found?.isFile()) return [pattern];
  if (found?.isDirectory()) {
    const folder = pattern.replace(/[/\\]+$/, '') || '/';
    return sorted(globSync(`**/*.{${endings}}`, { cwd: pattern, caseSensitiveMatch: false })).map(
      (name) => `${folder}/${name}`,
    );
  }
  return isDynamicPattern(pattern) ? sorted(globSync(pattern, { expandDirectories: false })) : [];
}

/** By code unit, not by the system's language: the same order everywhere. */
const sorted = (names: string[]) => names.sort();
