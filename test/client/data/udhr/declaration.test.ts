import { expect, test } from 'vitest';
import { parseDeclaration } from '../../../../client/data/udhr/declaration.ts';

const article = (number: number) =>
  `<article data-number="${number}"><h2>Article ${number}</h2><p>Right ${number}.</p></article>`;
const page = (body: string) =>
  `<!doctype html><html lang="en"><head><title>English</title></head><body>\n${body}\n</body></html>`;
const upTo = (count: number) => Array.from({ length: count }, (_, i) => article(i + 1)).join('\n');

test('headings, preamble and articles are paragraphs; articles 10 and 20 are held out', () => {
  const preamble = '<h1>Declaration</h1><header><h2>Preamble</h2><p>Whereas,</p><p>Now,</p></header>';
  const parsed = parseDeclaration('English', page(preamble + upTo(20)));
  expect(parsed?.name).toBe('English');
  expect(parsed?.heldOut).toBe('Article 10\nRight 10.\n\nArticle 20\nRight 20.');
  expect(parsed?.train).toMatch(
    /^Declaration\n\nPreamble\nWhereas,\nNow,\n\nArticle 1\nRight 1\.\n\nArticle 2\n/,
  );
  expect(parsed?.train).toMatch(/Article 9\nRight 9\.\n\nArticle 11\n/);
});

test('articles are held out by their number, even if earlier ones are missing', () => {
  const html = page(upTo(12).replace(article(1), '').replace(article(4), ''));
  expect(parseDeclaration('Awa', html)?.heldOut).toBe('Article 10\nRight 10.');
});

test('list items are numbered lines, entities are characters, and line breaks in the source are spaces', () => {
  const list =
    '<article data-number="11"><ol><li>\n<p>Tom &#x26; &lt;Ann&gt;</p>\n<p>both</p></li><li><p>one\n  two</p></li></ol></article>';
  const parsed = parseDeclaration('English', page(upTo(10) + list));
  expect(parsed?.train.split('\n\n').at(-1)).toBe('1. Tom & <Ann> both\n2. one two');
});

test('a declaration with fewer than ten articles counts as a stub', () => {
  expect(parseDeclaration('Stub', page(upTo(9)))).toBeNull();
  expect(parseDeclaration('Short', page(upTo(10)))).not.toBeNull();
});
