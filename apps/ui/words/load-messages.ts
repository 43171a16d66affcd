import type { Messages } from './catalogue.ts';
import type { LanguageTag } from './languages.ts';

/** Loads the texts of a language, which are a script of their own. */
export const loadMessages: Readonly<Record<LanguageTag, () => Promise<Messages>>> = {
  en: async () => (await import('./english/english.ts')).english,
  de: async () => (await import('./german/german.ts')).german,
  fr: async () => (await import('./french/french.ts')).french,
  es: async () => (await import('./spanish/spanish.ts')).spanish,
  pt: async () => (await import('./portuguese/portuguese.ts')).portuguese,
  zh: async () => (await import('./chinese/chinese.ts')).chinese,
  ar: async () => (await import('./arabic/arabic.ts')).arabic,
};
