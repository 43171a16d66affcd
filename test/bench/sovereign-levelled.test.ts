import { expect, test } from 'vitest';
import { levelled, levelledPairs } from '../../bench/sovereign/levelled.ts';

test('a levelled text has the same words without quotation marks, dashes and the modern name', () => {
  expect(levelled('“Go,” says Yahweh—‘my servants’ don’t wait.’ ')).toBe(
    "Go, says the LORD, my servants don't wait.",
  );
  expect(levelled('The angel of Yahweh, and the Yahweh  of all')).toBe(
    'The angel of the LORD, and the LORD of all',
  );
});

test('pairs are the beginnings of verses in whole words, and those that hardly differ are left out', () => {
  const verse = {
    old: 'And he spake unto them, saying, Thou shalt take bread and go forth from hence unto the hill, and thy son.',
    modern: 'He spoke to them, “You will take bread and leave this place for the hill, and your son too.”',
  };
  const alike = { old: 'They went unto the river.', modern: 'They went to the river.' };
  const short = { old: 'Thou shalt not steal.', modern: '“You shall not take.' };
  expect(levelledPairs([verse, alike, short])).toEqual([
    {
      old: 'And he spake unto them, saying, Thou shalt take bread and go forth from',
      modern: 'He spoke to them, You will take bread and leave this place for the hill, and',
    },
    { old: short.old, modern: 'You shall not take.' },
  ]);
});
