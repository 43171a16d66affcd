import type { Verse } from './verses.ts';

/**
 * Characters of a piece of a text, about as many as answers that are labelled have; and how many words of a pair's old text are not
 * in its modern one, at least, so that it teaches and measures something.
 */
export const pairChoice = { piece: 60, leastOtherWords: 3 };

/**
 * A text without what tells the two kinds of verses apart at a glance: quotation marks and dashes, which old verses do not have, and the
 * name that they write as a title. A judge that may see these learns nothing else.
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

/** Levelled verses whose texts have at most `longest` characters and differ in words. */
export function levelledPairs(verses: readonly Verse[], longest: number): Verse[] {
  return changed(verses, levelled).filter(
    ({ old, modern }) => Math.max(old.length, modern.length) <= longest,
  );
}

/** The beginnings and the ends of verses that differ in words. */
export function piecesOf(verses: readonly Verse[]): Verse[] {
  return [...changed(verses, beginning), ...changed(verses, ending)];
}

/** The verses with both texts changed, if they still differ in words. */
function changed(verses: readonly Verse[], change: (text: string) => string): Verse[] {
  const wordsOf = (text: string) => new Set(text.toLowerCase().match(/\p{L}+/gu) ?? []);
  const otherWords = ({ old, modern }: Verse) => {
    const known = wordsOf(modern);
    return [...wordsOf(old)].filter((word) => !known.has(word)).length;
  };
  return verses
    .map(({ old, modern }) => ({ old: change(old), modern: change(modern) }))
    .filter((verse) => otherWords(verse) >= pairChoice.leastOtherWords);
}

/** The whole words of the first, or of the last, characters of a piece. */
const beginning = (text: string) =>
  text.slice(0, pairChoice.piece).replace(text.length > pairChoice.piece ? /\s\S*$/ : '', '');
const ending = (text: string) =>
  text.slice(-pairChoice.piece).replace(text.length > pairChoice.piece ? /^\S*\s/ : '', '');
