import type { Messages } from './catalogue.ts';

interface Language {
  /** Its name in itself, which its speakers look for. */
  readonly name: string;
  readonly direction: 'ltr' | 'rtl';
  /** Loads its texts, which are a script of their own. */
  readonly load: () => Promise<Messages>;
}

/** The languages of the pages, under their BCP 47 tags. */
export const languages = {
  en: {
    name: 'English',
    direction: 'ltr',
    load: async () => (await import('./english/english.ts')).english,
  },
  de: {
    name: 'Deutsch',
    direction: 'ltr',
    load: async () => (await import('./german/german.ts')).german,
  },
  fr: {
    name: 'Français',
    direction: 'ltr',
    load: async () => (await import('./french/french.ts')).french,
  },
  es: {
    name: 'Español',
    direction: 'ltr',
    load: async () => (await import('./spanish/spanish.ts')).spanish,
  },
  pt: {
    name: 'Português',
    direction: 'ltr',
    load: async () => (await import('./portuguese/portuguese.ts')).portuguese,
  },
  zh: {
    name: '简体中文',
    direction: 'ltr',
    load: async () => (await import('./chinese/chinese.ts')).chinese,
  },
  ar: {
    name: 'العربية',
    direction: 'rtl',
    load: async () => (await import('./arabic/arabic.ts')).arabic,
  },
} as const satisfies Readonly<Record<string, Language>>;

export type LanguageTag = keyof typeof languages;

export const languageTags = Object.keys(languages).filter(isLanguageTag);

export function isLanguageTag(tag: string): tag is LanguageTag {
  return Object.hasOwn(languages, tag);
}
