import { effect, signal } from '@preact/signals';
import { expect, test } from 'vitest';
import { language, localeOf } from '../../../../apps/ui/language/language.ts';
import { messages, viewOf } from '../../../../apps/ui/messages.ts';
import { preferredLanguage } from '../../../../apps/ui/words/languages.ts';

test.each([
  [['en-GB', 'de'], 'en', 'en-GB-u-nu-latn'],
  [['tlh', 'en-US'], 'en', 'en-US-u-nu-latn'],
  [['tlh', 'de-AT', 'en'], 'de', 'de-AT-u-nu-latn'],
  [['pt-BR', 'en'], 'pt', 'pt-BR-u-nu-latn'],
  [['ar-EG'], 'ar', 'ar-EG-u-nu-latn'],
  [['tlh'], 'en', 'en-u-nu-latn'],
  [[], 'en', 'en-u-nu-latn'],
] as const)('of %j chooses %s, and writes numbers as %s', (wanted, tag, locale) => {
  expect(preferredLanguage(wanted)).toBe(tag);
  expect(localeOf(tag, wanted)).toBe(locale);
});

test('parts that were taken before a language was loaded have its texts, and tell readers of a change', () => {
  const catalogue = signal<{ readonly states: { readonly live: string } } | null>(null);
  const { states } = viewOf(() => catalogue.value);
  expect(() => `${states.live}`).toThrow('No language is loaded yet');
  catalogue.value = { states: { live: 'Live' } };
  const seen: string[] = [];
  const stop = effect(() => {
    seen.push(states.live);
  });
  catalogue.value = { states: { live: 'Aktuell' } };
  stop();
  expect(seen).toEqual(['Live', 'Aktuell']);
});

test('every file begins in English, and a view has the keys of its part', () => {
  expect(language.value).toBe('en');
  expect(Object.keys(messages.states)).toEqual([
    ...['syncing', 'training', 'uploading', 'waiting', 'paused', 'following'],
  ]);
  expect('training' in messages.states).toBe(true);
  expect('elsewhere' in messages.states).toBe(false);
  expect(messages.unsupported['no-webgpu'].steps.length).toBe(4);
});
