import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { byteTokenizer } from '../../../client/data/tokenizer.ts';
import type { TapestryError } from '../../../client/errors.ts';
import { loadCorpusFiles } from '../../../client/host/corpus-files.ts';

const prose = (word: string) => `${word} is written here again and again. `.repeat(12);
const files: Record<string, string | Uint8Array> = {
  'b.txt': prose('Bravo'),
  'a.md': prose('Alpha'),
  'deep/er/c.TXT': prose('Charlie'),
  'deep/talk.jsonl': `${JSON.stringify({ text: prose('Delta') })}\n${JSON.stringify({ text: prose('Echo') })}\n`,
  'picture.png': Uint8Array.of(0x89, 0x50),
  '.hidden/secret.txt': prose('Hidden'),
  'bad/latin1.txt': Uint8Array.of(0xe9, 0x20),
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

/** The first word of each document in the order it was read, and what was wrong. */
async function load(...patterns: string[]) {
  const problems: TapestryError[] = [];
  const paths = patterns.map((pattern) => join(folder, pattern));
  const corpus = await loadCorpusFiles(paths, (problem) => problems.push(problem));
  const text = byteTokenizer.decode(corpus.train);
  const words = [...new Set(text.match(/Alpha|Bravo|Charlie|Delta|Echo|Hidden/g))];
  return { corpus, words, problems };
}

test('a folder gives its text files, those of the folders within too, in the order of their names', async () => {
  const { words, problems } = await load('deep');
  expect(words).toEqual(['Charlie', 'Delta', 'Echo']);
  expect(problems).toEqual([]);
});

test('files and patterns come in the order given, each file once', async () => {
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

test('each bad file is named with what is wrong, and the others go on', async () => {
  const { words, problems } = await load('nowhere.txt', 'bad', '*.pdf', 'a.md', 'picture.png');
  expect(words).toEqual(['Alpha']);
  expect(problems.map(({ code, message }) => `${code} ${message.replaceAll(`${folder}/`, '')}`)).toEqual([
    'corpus.missing nowhere.txt is not there.',
    'corpus.missing *.pdf holds or matches no text file.',
    'corpus.empty bad/empty.txt has no text.',
    'corpus.not-utf8 bad/latin1.txt is not UTF-8 text.',
    expect.stringMatching(/^corpus\.bad-jsonl bad\/lines\.jsonl:2 is not a JSON object with a "text" field/),
    'corpus.not-utf8 picture.png is not UTF-8 text.',
  ]);
  for (const problem of problems) expect(problem.next).not.toBe('');
});

test('what cannot be read is told', async () => {
  await symlink(folder, join(folder, 'loop.txt'));
  const { problems, words } = await load('*.txt');
  await rm(join(folder, 'loop.txt'));
  expect(words).toEqual(['Bravo']);
  expect(problems.map(({ code }) => code)).toEqual(['corpus.unreadable']);
  expect(problems[0]?.message).toContain(`${folder}/loop.txt cannot be read: EISDIR`);
});

test('nothing usable at all is an error', async () => {
  await expect(load('nowhere', 'bad/empty.txt')).rejects.toMatchObject({ code: 'corpus.none' });
});
