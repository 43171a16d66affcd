import { plural } from './grammar.ts';

/** The texts of the files that a page gives to the person. */
export const fileWords = {
  save: 'Save to a folder',
  saved: (count: number) => plural(count, { one: '# file is saved.', other: '# files are saved.' }),
  files: 'Files',
} as const;
