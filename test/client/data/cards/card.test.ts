import { expect, test } from 'vitest';
import {
  allows,
  cardHash,
  type DataCategory,
  dataUses,
  encodeCard,
  parseCard,
} from '../../../../client/data/cards/card.ts';

const hash = 'a'.repeat(64);
const read = (text: string) => parseCard(text, 'songs.jsonl.card.yaml');

test.each<[DataCategory, readonly string[]]>([
  ['open', ['contribute', 'build', 'export']],
  ['unique-open', ['contribute', 'build', 'export']],
  ['controlled', ['build', 'export']],
  ['sovereign', ['build']],
  ['private', ['build']],
])('data that is %s takes part in %s', (category, uses) => {
  const card = read(`{category: ${category}, licence: CC0-1.0, hash: ${hash}}`);
  expect(dataUses.filter((use) => allows(card, use))).toEqual(uses);
});

test('a card may allow more, but sovereign and private data is never contributed', () => {
  const controlled = read(`{category: controlled, licence: x, hash: ${hash}, uses: [contribute]}`);
  expect(dataUses.filter((use) => allows(controlled, use))).toEqual(['contribute']);
  expect(
    allows(read(`{category: sovereign, licence: x, hash: ${hash}, uses: [build, export]}`), 'export'),
  ).toBe(true);
  for (const category of ['sovereign', 'private'])
    expect(() => read(`{category: ${category}, licence: x, hash: ${hash}, uses: [contribute]}`)).toThrow(
      /never has: sovereign and private data is not contributed/,
    );
});

test('a card is read again as it was written, and its hash does not depend on its layout', () => {
  const card = read(
    `licence: CC0-1.0\ncategory: open\nconsent: "the council: 2026"\nfiles: {"a/b.txt": ${hash}}\n`,
  );
  expect(read(encodeCard(card))).toEqual(card);
  expect(cardHash(read(encodeCard(card)))).toBe(cardHash(card));
  expect(cardHash(read(encodeCard({ ...card, licence: 'CC-BY-4.0' })))).not.toBe(cardHash(card));
});

test.each([
  ['category: secret\nlicence: x\nhash: 1', /category: must be one of open.*hash: /],
  [`category: open\nlicence: x\nhash: ${hash}\nfiles: {a: ${hash}}`, /must have a hash, or files/],
  ['category: open\nlicence: x', /must have a hash, or files/],
  [`category: open\nlicence: x\nhash: ${hash}\nother: 1`, /other/],
  ['a: [', /is no data card/],
  [`x: &a 1\ncategory: *a`, /is no data card/],
  ['just text', /is no data card/],
])('%j is refused', (text, message) => {
  expect(() => read(text)).toThrow(message);
});
