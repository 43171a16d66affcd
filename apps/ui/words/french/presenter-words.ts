import type { Messages } from '../catalogue.ts';
import { plural } from './grammar.ts';

/** The texts of whoever presents a run in a hall, in French. */
export const presenterWords: Messages['presenter'] = {
  title: 'Animation',
  start: 'Démarrer',
  resume: 'Reprendre',
  pause: 'Pause après ce tour',
  extend: 'Une minute de plus',
  end: 'Terminer la session',
  endAsk: 'Terminer la session pour tout le monde ? Le tour ouvert est validé s’il a assez de contributions.',
  endYes: 'Oui, terminer',
  cancel: 'Annuler',
  remove: (node) => `Retirer ${node}`,
  removeAsk: (node) =>
    `Retirer ${node} ? Il ne pourra plus rejoindre cette session. Ce qu’il a apporté reste dans la base.`,
  removeWhich: 'Quel nœud faut-il retirer ?',
  removeNone: 'Choisir un nœud',
  removeYes: 'Oui, retirer',
  lobby: (nodes) =>
    plural(nodes, {
      one: '# nœud est là. La session commence quand l’animation appuie sur Démarrer.',
      many: '# de nœuds sont là. La session commence quand l’animation appuie sur Démarrer.',
      other: '# nœuds sont là. La session commence quand l’animation appuie sur Démarrer.',
    }),
  paused: 'En pause, par l’animation',
  pausing: 'La session fera une pause après ce tour.',
  outcomes: {
    done: 'Fait.',
    'not-now': 'Ce n’est pas possible pour l’instant.',
    gone: 'Ce nœud est déjà parti.',
    refused:
      'Le relais n’a pas accepté le secret de l’animation. Ouvrez l’adresse qu’il a affichée à son dernier démarrage.',
    unreachable: 'Le relais n’a pas répondu. Réessayez.',
  },
};
