import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { TapestryError } from '../../../client/errors.ts';
import { loadCorpusFiles } from '../../../client/host/corpus-files.ts';
import { documentsOf } from '../../support/tokens.ts';

const run = promisify(execFile);
const prose = (word: string) => `${word} is written here again and again. `.repeat(12);
const files: Record<string, string | Uint8Array> = {
  'b.txt': prose('Bravo'),
  'a.md': prose('Alpha'),
  'deep/er/c.TXT': prose('Charlie'),
  'deep/talk.jsonl': `${JSON.stringify({ text: prose('Delta') })}\n${JSON.stringify({ text: prose('Echo') })}\n`,
  'picture.png': Uint8Array.of(0x89, 0x50),
  '.hidden/secret.txt': prose('Hidden'),
  'bad/frayed.txt': Uint8Array.of(0x81, 0x20),
  'bad/empty.txt': '',
  'bad/lines.jsonl': '{"text":"a"}\nnot json\n',
};
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'corpus-files-'));
  for (const [name, content] of Object.entries(files)) {
    await mkdir(join(folder, name, '..'), { recursive: true });
    await writeFile(join(folder, name), content);
  }
});
afterAll(() => rm(folder, { recursive: true }));

/** The first word of each document in the order of reading, and the problems reported. */
async function load(...patterns: string[]) {
  const problems: TapestryError[] = [];
  const paths = patterns.map((pattern) => join(folder, pattern));
  const corpus = await loadCorpusFiles(paths, (problem) => problems.push(problem));
  const text = documentsOf(corpus.train).join('\n');
  const words = [...new Set(text.match(/Alpha|Bravo|Charlie|Delta|Echo|Hidden/g))];
  return { corpus, words, problems };
}

test('a folder gives its text files and those of its subfolders, in the order of their names', async () => {
  const { words, problems } = await load('deep');
  expect(words).toEqual(['Charlie', 'Delta', 'Echo']);
  expect(problems).toEqual([]);
});

test('files and patterns are read in the order given, each file once', async () => {
  expect((await load('b.txt', 'a.md', '*.{md,txt}')).words).toEqual(['Bravo', 'Alpha']);
  expect((await load('*.txt')).words).toEqual(['Bravo']);
  expect((await load('**/*.txt', 'bad')).words).toEqual(['Bravo', 'Charlie']);
  expect((await load('.hidden/*')).words).toEqual(['Hidden']);
});

test('the same files give the same tokens, with a part held out', async () => {
  const first = await load('.');
  expect((await load('.')).corpus).toEqual(first.corpus);
  expect(first.words).toEqual(['Alpha', 'Bravo', 'Charlie', 'Delta', 'Echo']);
  const { train, heldOut } = first.corpus;
  expect(heldOut.length / (train.length + heldOut.length)).toBeCloseTo(0.1, 1);
});

test('each kind of problem is reported once with its first place, and the other files are used', async () => {
  const { words, problems } = await load('nowhere.txt', 'bad', '*.pdf', 'a.md', 'picture.png');
  expect(words).toEqual(['Alpha']);
  expect(problems.map(({ code, message }) => `${code} ${message.replaceAll(`${folder}/`, '')}`)).toEqual([
    'corpus.missing nowhere.txt is not there.',
    'corpus.missing *.pdf holds or matches no text file.',
    'corpus.empty bad/empty.txt has no text.',
    'corpus.not-utf8 2 lines of 2 files have bytes that are not UTF-8 text; the sentences with them were left out; the first is line 1 (byte 0) of bad/frayed.txt.',
    'corpus.bad-jsonl Line 2 of bad/lines.jsonl is not a JSON object with a "text" field and was left out.',
  ]);
  for (const problem of problems) expect(problem.next).not.toBe('');
});

test('pipes, devices and links to folders are skipped in a folder', async () => {
  const odd = join(folder, 'odd');
  await mkdir(odd);
  await run('mkfifo', [join(odd, 'pipe.txt')]);
  await symlink('/dev/zero', join(odd, 'zero.txt'));
  await symlink(folder, join(odd, 'loop.txt'));
  await writeFile(join(odd, 'good.txt'), prose('Alpha'));
  const { problems, words } = await load('odd', 'odd/pipe.txt');
  await rm(odd, { recursive: true });
  expect(words).toEqual(['Alpha']);
  expect(problems.map(({ code, message }) => `${code} ${message.replaceAll(`${odd}/`, '')}`)).toEqual([
    'corpus.not-a-file 3 files are no regular files; the first is loop.txt.',
  ]);
});

test('an empty name is refused and does not mean the current folder', async () => {
  for (const pattern of ['', ' ']) {
    const loading = loadCorpusFiles([join(folder, 'a.md'), pattern], () => {});
    await expect(loading).rejects.toMatchObject({ code: 'usage.text' });
  }
});

test('paths without any usable text are an error', async () => {
  await expect(load('nowhere', 'bad/empty.txt')).rejects.toMatchObject({ code: 'corpus.none' });
});
