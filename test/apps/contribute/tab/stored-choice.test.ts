import { expect, test } from 'vitest';
import { parseStoredChoice } from '../../../../apps/contribute/tab/stored-choice.ts';

const stored = {
  source: 'files',
  corpus: 'Romance',
  fileNames: ['notes.md'],
  hasPasted: false,
  token: 'loom',
  power: 0.5,
  stopAfter: 3,
};

test('reads the choice that the page stored', () => {
  expect(parseStoredChoice(JSON.stringify(stored))).toEqual(stored);
});

test.each([
  ['nothing', null],
  ['no JSON', '{'],
  ['another source', JSON.stringify({ ...stored, source: 'network' })],
  ['a power above 1', JSON.stringify({ ...stored, power: 2 })],
  ['a number of rounds that the page does not offer', JSON.stringify({ ...stored, stopAfter: 2 })],
  ['a field that the page does not know', JSON.stringify({ ...stored, text: 'secret' })],
])('begins as at the first visit where the tab stored %s', (_, text) => {
  expect(parseStoredChoice(text)).toBeNull();
});
