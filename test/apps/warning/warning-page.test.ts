import { createHash } from 'node:crypto';
import { parse } from 'parse5';
import { expect, test } from 'vitest';
import { languageTags } from '../../../apps/ui/words/languages.ts';
import { warningPages } from '../../../apps/warning/warning-page.ts';
import { words } from '../../../apps/warning/words.ts';
import { fingerprintWords } from '../../../relay/wire/certificate/fingerprint-words.ts';

const hex = createHash('sha256').update('a certificate').digest('hex');
const colons = hex.toUpperCase().replaceAll(/..(?!$)/g, '$&:');
const pages = warningPages(colons);
const htmlOf = (acceptLanguage?: string) => new TextDecoder().decode(pages(acceptLanguage).html);

test.each([
  [undefined, 'en'],
  ['tlh,nl;q=0.5', 'en'],
  ['pt-BR,pt;q=0.9,en;q=0.8', 'pt'],
  ['en;q=0.2,ar-EG;q=0.4', 'ar'],
  ['zh-Hans-CN', 'zh'],
])('for the languages %s the page begins in %s', (header, tag) => {
  expect(pages(header).language).toBe(tag);
  expect(htmlOf(header)).toContain(`<html lang="${tag}" dir="${tag === 'ar' ? 'rtl' : 'ltr'}">`);
  expect(/<section lang="(\w+)"/.exec(htmlOf(header))?.[1]).toBe(tag);
  expect(/value="(\w+)" [^>]*checked/.exec(htmlOf(header))?.[1]).toBe(tag);
});

test.each(languageTags)('the page that begins in %s is whole, valid and small', (tag) => {
  const html = htmlOf(tag);
  const wrong: string[] = [];
  parse(html, { sourceCodeLocationInfo: true, onParseError: ({ code }) => wrong.push(code) });
  expect(wrong).toEqual([]);
  expect(pages(tag).html.length).toBeLessThan(40_000);
  expect(html.split(fingerprintWords(hex)).length - 1).toBe(languageTags.length);
  expect(html.replaceAll('<wbr>', '').split(colons).length - 1).toBe(languageTags.length);
  for (const other of languageTags)
    for (const text of [words[other].forged, words[other].chrome, words[other].certain])
      expect(html).toContain(text.replaceAll('"', '&quot;'));
  // It loads nothing: the relay answers every path with this page.
  expect(html.replaceAll(/ href="data:image\/svg[^"]*"/g, '')).not.toMatch(/\b(?:src|href|action)=/);
});

test('the policy allows the page’s own script and style by their hashes, and nothing else', () => {
  const { policy } = pages('en');
  const html = htmlOf('en');
  const hash = (kind: string) => {
    const found = [...html.matchAll(new RegExp(`<${kind}>([^]*?)</${kind}>`, 'g'))];
    expect(found).toHaveLength(1);
    return `'sha256-${createHash('sha256')
      .update(found[0]?.[1] ?? '')
      .digest('base64')}'`;
  };
  expect(policy.split('; ')).toEqual([
    "default-src 'none'",
    `script-src ${hash('script')}`,
    `style-src ${hash('style')}`,
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ]);
  expect(html).not.toMatch(/ style=| on\w+=/);
});

test('no two languages say the same, and none says what another key says', () => {
  const texts = languageTags.flatMap((tag) =>
    Object.entries(words[tag]).flatMap(([key, text]) => (key === 'language' ? [] : [text])),
  );
  expect(new Set(texts).size).toBe(texts.length);
});
