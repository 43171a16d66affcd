import type { Messages } from '../catalogue.ts';
import { plural } from './grammar.ts';

/** The texts of the scene in which bases write for a room, in French. */
export const speechWords: Messages['speech'] = {
  prompt: 'Votre invite',
  send: 'Envoyer',
  starts: 'Ou laisser un corpus commencer',
  shown: 'Tout le monde la voit, et les bases la continuent. Le relais ne la conserve pas.',
  sent: {
    taken: 'Envoyée. Elle s’affiche quand vient son tour.',
    unfit: 'Cela ne peut pas être une invite : il faut des lettres ou des chiffres, et rien d’invisible.',
    full: 'Trop d’invites attendent. Réessayez dans une minute.',
    failed: 'Le relais ne l’a pas prise. Réessayez.',
  },
  writing: 'écrit…',
  waiting: (prompts) =>
    plural(prompts, {
      one: '# autre invite attend.',
      many: '# autres invites attendent.',
      other: '# autres invites attendent.',
    }),
  skip: 'Invite suivante (N)',
};
