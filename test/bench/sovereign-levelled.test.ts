import { expect, test } from 'vitest';
import { levelled, levelledPairs, piecesOf } from '../../bench/sovereign/levelled.ts';

test('a levelled text has the same words without quotation marks, dashes and the modern name', () => {
  expect(levelled('“Go,” says Yahweh—‘my servants’ don’t wait.’ ')).toBe(
    "Go, says the LORD, my servants don't wait.",
  );
  expect(levelled('The angel of Yahweh, and the Yahweh  of all')).toBe(
    'The angel of the LORD, and the LORD of all',
  );
});

const verse = {
  old: 'And he spake unto them, saying, Thou shalt take bread and go forth from hence unto the hill, and thy son also.',
  modern: 'He spoke to them, “You will take bread and leave this place for the hill, and your son too.”',
};

test('pairs that differ in fewer than three words, or that are too long, are left out', () => {
  const alike = { old: 'They went unto the river.', modern: 'They went to the river.' };
  const pairs = levelledPairs([verse, alike], 200);
  expect(pairs).toEqual([{ old: verse.old, modern: verse.modern.replace(/[“”]/g, '') }]);
  expect(levelledPairs([verse], verse.old.length - 1)).toEqual([]);
});

test('pieces are the beginnings and the ends of both texts, in whole words', () => {
  const pieces = piecesOf([verse]);
  expect(pieces).toHaveLength(2);
  for (const side of ['old', 'modern'] as const) {
    const [first = '', last = ''] = pieces.map((piece) => piece[side]);
    expect(Math.max(first.length, last.length)).toBeLessThanOrEqual(60);
    expect(verse[side].startsWith(`${first} `)).toBe(true);
    expect(verse[side].endsWith(` ${last}`)).toBe(true);
  }
});
