import { effect } from '@preact/signals';
import { expect, test } from 'vitest';
import { catalogue, localeOf, preferredLanguage, speak } from '../../../../apps/ui/language/language.ts';
import { messages } from '../../../../apps/ui/messages.ts';

const words = messages.connection;

test.each([
  [['en-GB', 'de'], 'en', 'en-GB-u-nu-latn'],
  [['tlh', 'en-US'], 'en', 'en-US-u-nu-latn'],
  [['tlh', 'de-AT', 'en'], 'de', 'de-AT-u-nu-latn'],
  [['pt-BR', 'en'], 'pt', 'pt-BR-u-nu-latn'],
  [['ar-EG'], 'ar', 'ar-EG-u-nu-latn'],
  [['tlh'], 'en', 'en-u-nu-latn'],
  [[], 'en', 'en-u-nu-latn'],
] as const)('of %j chooses %s, and writes numbers as %s', (wanted, language, locale) => {
  expect(preferredLanguage(wanted)).toBe(language);
  expect(localeOf(language, wanted)).toBe(locale);
});

test('parts that were taken before a language was loaded have its texts, and tell readers of a change', async () => {
  const seen: string[] = [];
  const stop = effect(() => {
    seen.push(catalogue.value === null ? 'none yet' : words.live);
  });
  await speak('en');
  stop();
  expect(seen.at(-1)).toBe('Live');
  expect(Object.keys(messages.states)).toEqual([
    ...['syncing', 'training', 'uploading', 'waiting', 'paused', 'following'],
  ]);
  expect('training' in messages.states).toBe(true);
  expect('elsewhere' in messages.states).toBe(false);
  expect(messages.unsupported['no-webgpu'].steps.length).toBe(4);
});
