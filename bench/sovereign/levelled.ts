import type { Verse } from './verses.ts';

/** The most characters of a text that a judge learns from, and the fewest words of a pair's old text that its modern one has not. */
export const pairChoice = { longest: 76, leastOtherWords: 3 };

/**
 * A text without what tells the two kinds of verses apart at a glance: quotation marks and dashes, which old verses do not have, and the
 * name that they write as a title. A judge that may see these learns little else.
 */
export function levelled(text: string): string {
  return text
    .replace(/[“”‘]|’(?!\p{L})/gu, '')
    .replaceAll('’', "'")
    .replace(/[—–]/g, ', ')
    .replace(/\b(the )?Yahweh\b/g, 'the LORD')
    .replace(/\s+/g, ' ')
    .trim();
}

/** The beginnings of levelled verses, if these differ in words. */
export function levelledPairs(verses: readonly Verse[]): Verse[] {
  return verses
    .map(({ old, modern }) => ({ old: beginning(levelled(old)), modern: beginning(levelled(modern)) }))
    .filter(({ old, modern }) => {
      const known = wordsOf(modern);
      return [...wordsOf(old)].filter((word) => !known.has(word)).length >= pairChoice.leastOtherWords;
    });
}

const wordsOf = (text: string) => new Set(text.toLowerCase().match(/\p{L}+/gu) ?? []);

/** The first whole words of a text, as far as a judge learns. */
const beginning = (text: string) =>
  text.length <= pairChoice.longest ? text : text.slice(0, pairChoice.longest + 1).replace(/\s\S*$/, '');
