import { warningWords as arabic } from '../ui/words/arabic/warning/warning-words.ts';
import type { WarningWords } from '../ui/words/catalogue.ts';
import { warningWords as chinese } from '../ui/words/chinese/warning/warning-words.ts';
import { warningWords as english } from '../ui/words/english/warning/warning-words.ts';
import { warningWords as french } from '../ui/words/french/warning/warning-words.ts';
import { warningWords as german } from '../ui/words/german/warning/warning-words.ts';
import type { LanguageTag } from '../ui/words/languages.ts';
import { warningWords as portuguese } from '../ui/words/portuguese/warning/warning-words.ts';
import { warningWords as spanish } from '../ui/words/spanish/warning/warning-words.ts';

/** The texts of the page in each language. All are part of the page, since nothing can be loaded once it is shown. */
export const words: Readonly<Record<LanguageTag, WarningWords>> = {
  en: english,
  de: german,
  fr: french,
  es: spanish,
  pt: portuguese,
  zh: chinese,
  ar: arabic,
};
