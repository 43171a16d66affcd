import type { Messages } from '../catalogue.ts';
import { plural } from './grammar.ts';

/** The texts of the files that a page gives to the person, in Spanish. */
export const fileWords: Messages['files'] = {
  save: 'Guardar en una carpeta',
  saved: (count) =>
    plural(count, {
      one: '# archivo guardado.',
      many: '# de archivos guardados.',
      other: '# archivos guardados.',
    }),
  files: 'Archivos',
};
