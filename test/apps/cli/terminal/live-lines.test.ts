import { expect, test } from 'vitest';
import { fitting } from '../../../../apps/cli/terminal/live-lines.ts';

const dim = (text: string) => `\u001b[2m${text}\u001b[22m`;

test('lines that fit the terminal keep their text and colour', () => {
  expect(fitting([dim('abcd'), 'efg'], 5, 3)).toEqual([dim('abcd'), 'efg']);
});

test('a line that would wrap is cut, coloured or not', () => {
  expect(fitting([dim('abcde'), 'fghij'], 5, 3)).toEqual(['abcd', 'fghi']);
});

test("lines beyond the terminal's height are left out and counted", () => {
  expect(fitting(['a', 'b', 'c', 'd', 'e'], 80, 4)).toEqual(['a', 'b', 'and 3 more']);
  expect(fitting(['a', 'b', 'c'], 80, 4)).toEqual(['a', 'b', 'c']);
  expect(fitting(['a', 'b'], 80, 1)).toHaveLength(1);
});
