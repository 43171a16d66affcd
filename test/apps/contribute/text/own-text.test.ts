import { expect, test } from 'vitest';
import { firstNames, isAddress, visibleFiles } from '../../../../apps/contribute/text/own-text.ts';

test.each([
  ['https://example.org/a-book', true],
  [' http://example.org\nwww.example.org/page ', true],
  ['See https://example.org for more.', false],
  ['A text about the www.', false],
  ['https://', false],
])('%j is an address: %s', (text, expected) => {
  expect(isAddress(text)).toBe(expected);
});

test('what is hidden in a folder is left out, and a hidden file that was chosen itself is not', () => {
  const paths = ['book/one.txt', 'book/.DS_Store', 'book/.git/HEAD', '.notes'];
  const chosen = paths.map((path) => ({ path, file: new File([], path.split('/').at(-1) ?? '') }));
  expect(visibleFiles(chosen).map(({ name }) => name)).toEqual(['one.txt', '.notes']);
});

test('of a long list the first names are shown', () => {
  expect(firstNames(['a', 'b'], 2)).toBe('a, b');
  expect(firstNames(['a', 'b', 'c'], 2)).toBe('a, b, …');
});
