import type { Messages } from '../catalogue.ts';
import { plural } from './grammar.ts';

/** The texts of the files that a page gives to the person, in French. */
export const fileWords: Messages['files'] = {
  save: 'Enregistrer dans un dossier',
  saved: (count) =>
    plural(count, {
      one: '# fichier est enregistré.',
      many: '# de fichiers sont enregistrés.',
      other: '# fichiers sont enregistrés.',
    }),
  files: 'Fichiers',
};
