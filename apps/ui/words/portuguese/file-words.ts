import type { Messages } from '../catalogue.ts';
import { plural } from './grammar.ts';

/** The texts of the files that a page gives to the person, in Portuguese. */
export const fileWords: Messages['files'] = {
  save: 'Salvar em uma pasta',
  saved: (count) =>
    plural(count, {
      one: '# arquivo salvo.',
      many: '# de arquivos salvos.',
      other: '# arquivos salvos.',
    }),
  files: 'Arquivos',
};
