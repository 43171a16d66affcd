import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join, normalize } from 'node:path';
import picomatch from 'picomatch';
import type { Corpus } from '../data/corpus.ts';
import { corpusFromFiles } from '../data/reading/corpus-from-files.ts';
import { defaultReadingLimits, type TextFile } from '../data/reading/file-reading.ts';
import { LeftOut, Problems, sort } from '../data/reading/problems.ts';
import { TapestryError } from '../errors.ts';

/** The files to read from a folder. A file that is given by name or by another pattern may have any extension. */
const textFiles = '**/*.{txt,md,markdown,rst,tex,org,jsonl,ndjson}';

/** Bytes read at a time. */
const chunkBytes = 2 ** 18;

const missing = sort('corpus.missing', 'is not there', 'are not there', 'Check the name.');
const noMatch = sort(
  'corpus.missing',
  'holds or matches no text file',
  'hold or match no text file',
  `Check the name. From a folder, Tapestry reads ${textFiles}.`,
);
const notRegular = sort(
  'corpus.not-a-file',
  'is no regular file',
  'are no regular files',
  'Give files or folders. Pipes, sockets and devices are not read.',
);
const unreadable = (reason: string) =>
  sort(
    'corpus.unreadable',
    `cannot be read (${reason})`,
    `cannot be read (${reason})`,
    'Allow this user (in Deno, this process with --allow-read) to read it.',
  );

/**
 * Reads a corpus from files, folders and glob patterns, in the order given and by name within each. Subfolders are
 * included, except hidden and linked ones. A file that is given twice counts once. Only regular files are read. Each sort
 * of problem is passed to `onProblem` once. Works in Node and, with read permission, in Deno.
 * @throws TapestryError `usage.text` for an empty pattern, `corpus.none` when no text is left
 */
export async function loadCorpusFiles(
  patterns: readonly string[],
  onProblem: (problem: TapestryError) => void,
  limits = defaultReadingLimits,
): Promise<Corpus> {
  requireNames(patterns);
  const problems = new Problems();
  const files = await textFilesAt(patterns, problems);
  return corpusFromFiles(patterns.join(', '), files, onProblem, limits, problems);
}

/** Throws TapestryError `usage.text` for an empty pattern. */
export function requireNames(patterns: readonly string[]): void {
  if (patterns.some((pattern) => pattern.trim() === ''))
    throw new TapestryError(
      'usage.text',
      'The name of a file, folder or pattern is empty.',
      'Name the text to train on. A dot names the current folder.',
    );
}

/** The files of patterns, as `loadCorpusFiles` reads them. What is not there is added to `problems`. */
export async function textFilesAt(patterns: readonly string[], problems: Problems): Promise<TextFile[]> {
  const paths = new Set<string>();
  for (const pattern of patterns)
    for (const path of await filesOf(normalize(pattern), problems)) paths.add(path);
  return [...paths].map(fileAt);
}

function fileAt(path: string): TextFile {
  return {
    name: path,
    async *chunks() {
      try {
        // Opening a pipe may block forever, so the file's kind is checked first.
        if (!(await stat(path)).isFile()) throw new LeftOut(notRegular);
        for await (const chunk of createReadStream(path, { highWaterMark: chunkBytes })) yield bytesOf(chunk);
      } catch (error) {
        throw error instanceof LeftOut ? error : new LeftOut(sortOf(error), error);
      }
    },
  };
}

function bytesOf(chunk: unknown): Uint8Array<ArrayBuffer> {
  if (chunk instanceof Uint8Array && chunk.buffer instanceof ArrayBuffer)
    return new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength);
  throw new TypeError('a file stream without an encoding gives bytes');
}

async function filesOf(pattern: string, problems: Problems): Promise<string[]> {
  const { isGlob, base, glob } = picomatch.scan(pattern);
  let folder = pattern;
  let wanted = textFiles;
  try {
    if (!(await stat(pattern)).isDirectory()) return [pattern];
  } catch (cause) {
    if (!isGlob) {
      problems.add(sortOf(cause), pattern, null, cause);
      return [];
    }
    folder = base || '.';
    wanted = glob;
  }
  const deep = wanted.includes('/') || wanted.includes('**');
  const matches = picomatch(wanted, { nocase: true });
  const files = await filesBelow(folder, deep, problems);
  const found = files.filter((file) => matches(file)).sort();
  if (found.length === 0) problems.add(noMatch, pattern, null);
  return found.map((file) => join(folder, file));
}

/** Paths of files relative to `folder`. A folder that cannot be listed is reported as a problem and has no files. */
async function filesBelow(folder: string, deep: boolean, problems: Problems): Promise<string[]> {
  const files: string[] = [];
  try {
    for (const entry of await readdir(folder, { withFileTypes: true })) {
      if (entry.name.startsWith('.')) continue;
      if (!entry.isDirectory()) files.push(entry.name);
      else if (deep)
        for (const file of await filesBelow(join(folder, entry.name), deep, problems))
          files.push(join(entry.name, file));
    }
  } catch (cause) {
    problems.add(sortOf(cause), folder, null, cause);
  }
  return files;
}

function sortOf(cause: unknown) {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
  return code === 'ENOENT' ? missing : unreadable(code);
}
