import type { Messages } from '../catalogue.ts';
import { plural } from './grammar.ts';

/** The texts of the files that a page gives to the person, in Arabic. */
export const fileWords: Messages['files'] = {
  save: 'احفظ في مجلد',
  saved: (count) =>
    plural(count, {
      zero: 'لم يُحفظ أي ملف.',
      one: 'حُفظ ملف واحد.',
      two: 'حُفظ ملفان.',
      few: 'حُفظت # ملفات.',
      many: 'حُفظ # ملفًا.',
      other: 'حُفظ # ملف.',
    }),
  files: 'الملفات',
};
