import type { Messages } from '../catalogue.ts';
import { plural } from './grammar.ts';

/** The texts of the scenes that are shown in a hall, in French. */
export const sceneWords: Messages['scenes'] = {
  open: 'Présenter',
  close: 'Quitter la présentation',
  keys: 'Touches : 1 à 5 et les flèches changent de scène, Échap quitte. Avec le secret de l’animation : S démarre, P met en pause, M donne une minute, R retire un nœud, E termine la session.',
  fewKeys: 'Touches : les flèches changent de scène, Échap quitte.',
  keysOn: 'Activer les touches de lettres',
  keysOff: 'Désactiver les touches de lettres',
  names: { join: 'Rejoindre', weave: 'Tisser', learn: 'Apprendre', speak: 'Parler', thanks: 'Merci' },
  joinHow: 'Scannez le code, choisissez un texte, appuyez sur Démarrer. Le texte reste sur votre appareil.',
  here: (nodes) =>
    plural(nodes, {
      one: '# nœud est là.',
      many: '# de nœuds sont là.',
      other: '# nœuds sont là.',
    }),
  round: (round, rounds) => `Tour ${round} sur ${rounds}`,
  contributions: (given, target) =>
    plural(target, {
      one: `${given} contribution sur #`,
      many: `${given} contributions sur #`,
      other: `${given} contributions sur #`,
    }),
  left: (time) => `encore ${time}`,
  loss: (from, to) => `Perte ${from} → ${to}`,
  lossOf: {
    probe: 'mesurée par le relais',
    heldOut: 'sur un texte que les nœuds mettent de côté, comme ils la déclarent',
  },
  noLoss: 'La ligne commence quand deux tours sont validés.',
  chart: (from, to, best, worst) =>
    `La perte moyenne est passée de ${from} à ${to}. Le meilleur corpus est ${best}, le moins bon ${worst}.`,
  thanksHeading: 'Merci',
  thanks: (contributions, tokens) =>
    [
      plural(contributions, {
        one: '# contribution',
        many: '# de contributions',
        other: '# contributions',
      }),
      plural(tokens, { one: '# token', many: '# de tokens', other: '# tokens' }),
      'une base.',
    ].join(', '),
  print: 'Imprimer',
  picture: 'Enregistrer l’image',
  ownThreads: 'Entourés, et sous une barre : vos fils.',
  /** Bases that write for the room. */
  speech: {
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
  },
};
