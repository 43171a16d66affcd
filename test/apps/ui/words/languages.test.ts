import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { isLanguageTag, type LanguageTag, languageTags } from '../../../../apps/ui/words/languages.ts';
import { loadMessages } from '../../../../apps/ui/words/load-messages.ts';

const folders = {
  en: 'english',
  de: 'german',
  fr: 'french',
  es: 'spanish',
  pt: 'portuguese',
  zh: 'chinese',
  ar: 'arabic',
} as const satisfies Record<LanguageTag, string>;

const words = join(import.meta.dirname, '../../../../apps/ui/words');

/** Each text of a part of a catalogue under its path; texts that take values are given some. */
function textsOf(part: unknown, path: string): (readonly [path: string, text: string])[] {
  if (typeof part === 'string') return [[path, part]];
  if (typeof part === 'function') return samples.map((values) => [path, String(part(...values))]);
  if (typeof part !== 'object' || part === null) throw new TypeError(`${path} holds no text`);
  return Object.entries(part).flatMap(([key, value]) => textsOf(value, `${path}.${key}`));
}

/** Values by which each plural form of any language is chosen at least once. */
const counts = [0, 1, 2, 3, 5, 11, 100, 1_000_000];
const samples = counts.map((count) => [count, count, count, count]);

test('the folders of the words are those of the languages', () => {
  const found = readdirSync(words, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  expect(found.map(({ name }) => name).sort()).toEqual(Object.values(folders).sort());
  expect(isLanguageTag('tlh')).toBe(false);
});

test.each(languageTags)('%s has a text for each plural form that its rules tell apart', async (tag) => {
  const { pluralForms } = await import(`../../../../apps/ui/words/${folders[tag]}/grammar.ts`);
  const rules = new Intl.PluralRules(tag).resolvedOptions().pluralCategories;
  expect([...pluralForms].sort()).toEqual([...rules].sort());
});

test.each(languageTags)(
  '%s has no text that is empty, unfinished or shows what it was made of',
  async (tag) => {
    const { problems, findings, ...parts } = await loadMessages[tag]();
    const texts = [
      ...textsOf(parts, tag),
      ...(problems === null ? [] : textsOf(problems, `${tag}.problems`)),
      ...(findings === null ? [] : textsOf(findings, `${tag}.findings`)),
    ];
    // Errors are English themselves.
    expect([problems === null, findings === null]).toEqual([tag === 'en', tag === 'en']);
    expect(texts.length).toBeGreaterThan(1000);
    const wrong = texts.filter(
      ([, text]) => text.trim() === '' || /#|undefined|NaN|\[object|TODO|\$\{/.test(text),
    );
    expect(wrong).toEqual([]);
  },
);
