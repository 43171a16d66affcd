import type { Messages } from '../catalogue.ts';
import { plural } from './grammar.ts';

/** The texts of the scene in which bases write for a room, in Spanish. */
export const speechWords: Messages['speech'] = {
  prompt: 'Tu prompt',
  send: 'Enviar',
  starts: 'O deja empezar a un corpus',
  shown: 'Lo ven todos y las bases lo continúan. El relé no lo guarda.',
  sent: {
    taken: 'Enviado. Se muestra cuando llegue su turno.',
    unfit: 'Eso no puede ser un prompt: necesita letras o cifras, y nada invisible.',
    full: 'Esperan demasiados prompts. Inténtalo de nuevo en un minuto.',
    failed: 'El relé no lo ha aceptado. Inténtalo de nuevo.',
  },
  writing: 'escribiendo…',
  waiting: (prompts) =>
    plural(prompts, {
      one: 'Espera # prompt más.',
      many: 'Esperan # prompts más.',
      other: 'Esperan # prompts más.',
    }),
  skip: 'Siguiente prompt (N)',
};
