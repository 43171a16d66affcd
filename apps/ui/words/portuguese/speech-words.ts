import type { Messages } from '../catalogue.ts';
import { plural } from './grammar.ts';

/** The texts of the scene in which bases write for a room, in Portuguese. */
export const speechWords: Messages['speech'] = {
  prompt: 'O seu prompt',
  send: 'Enviar',
  starts: 'Ou deixe um corpus começar',
  shown: 'Todos o veem e as bases o continuam. O relé não o guarda.',
  sent: {
    taken: 'Enviado. Aparece quando chegar a sua vez.',
    unfit: 'Isso não pode ser um prompt: precisa de letras ou algarismos, e de nada invisível.',
    full: 'Há prompts demais à espera. Tente de novo em um minuto.',
    failed: 'O relé não o aceitou. Tente de novo.',
  },
  writing: 'escrevendo…',
  waiting: (prompts) =>
    plural(prompts, {
      one: 'Mais # prompt espera.',
      many: 'Mais # prompts esperam.',
      other: 'Mais # prompts esperam.',
    }),
  skip: 'Próximo prompt (N)',
};
