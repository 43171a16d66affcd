import type { Messages } from '../catalogue.ts';
import { plural } from './grammar.ts';

/** The texts of the files that a page gives to the person, in German. */
export const fileWords: Messages['files'] = {
  save: 'In einen Ordner speichern',
  saved: (count) => plural(count, { one: '# Datei ist gespeichert.', other: '# Dateien sind gespeichert.' }),
  files: 'Dateien',
};
