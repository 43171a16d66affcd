/** The languages of the pages, under their BCP 47 tags: each one's name in itself, which its speakers look for. */
export const languages = {
  en: { name: 'English', direction: 'ltr' },
  de: { name: 'Deutsch', direction: 'ltr' },
  fr: { name: 'Français', direction: 'ltr' },
  es: { name: 'Español', direction: 'ltr' },
  pt: { name: 'Português', direction: 'ltr' },
  zh: { name: '简体中文', direction: 'ltr' },
  ar: { name: 'العربية', direction: 'rtl' },
} as const satisfies Readonly<Record<string, { readonly name: string; readonly direction: 'ltr' | 'rtl' }>>;

export type LanguageTag = keyof typeof languages;

export const languageTags = Object.keys(languages).filter(isLanguageTag);

export function isLanguageTag(tag: string): tag is LanguageTag {
  return Object.hasOwn(languages, tag);
}

/** The first of the wanted languages, as BCP 47 tags, that the pages have; English if they have none of them. */
export function preferredLanguage(wanted: readonly string[]): LanguageTag {
  return wanted.map((tag) => tag.split('-', 1)[0] ?? '').find(isLanguageTag) ?? 'en';
}
