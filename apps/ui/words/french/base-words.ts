import type { Messages } from '../catalogue.ts';
import { plural } from './grammar.ts';

/** The texts about a base: trying it and taking it home, in French. */
export const baseWords: Messages['bases'] = {
  heading: 'Essayer la base',
  what: 'Le modèle commun continue vos mots, ici, sur votre appareil. Il est petit : il imite les textes sur lesquels il a été entraîné et ne répond pas aux questions. Rien de ce que vous écrivez ici n’est envoyé.',
  notYet: 'Elle écrit dès que le premier tour a fait une base.',
  prompt: 'Commencer par',
  examplePrompt: 'Tous les êtres humains ',
  mode: 'Montrer',
  modes: {
    rounds: 'avant et après le dernier tour',
    samples: 'deux textes de la base la plus récente, au choix',
  },
  downloads: (size) =>
    `Les bases qui ne sont pas encore sur cet appareil sont d’abord téléchargées du relais, ${size} chacune.`,
  write: 'Écrire',
  stop: 'Arrêter',
  reading: 'Récupère la base…',
  stopped: 'Arrêté.',
  written: 'Les textes sont complets.',
  round: (round) => (round === 0 ? 'Avant le premier tour' : `Après le tour ${round}`),
  sample: (letter) => `Texte ${letter}`,
  empty: 'Elle n’a rien écrit : le texte s’est terminé aussitôt.',
  vote: 'Quel texte est le meilleur ?',
  better: (letter) => `Le texte ${letter} est meilleur`,
  equal: 'Aucun des deux',
  voteHelp:
    'Vos votes restent sur cet appareil, et personne d’autre ne les voit. Vous pouvez les télécharger comme paires d’un meilleur et d’un moins bon texte, sur lesquelles une recette à vous s’entraîne (« prefer »).',
  voted: (votes) =>
    plural(votes, {
      one: '# vote est gardé sur cet appareil.',
      many: '# de votes sont gardés sur cet appareil.',
      other: '# votes sont gardés sur cet appareil.',
    }),
  thanks: 'Aucun vote n’est gardé.',
  downloadVotes: 'Télécharger vos votes',
  ending: {
    heading: 'Emporter la base',
    complete: (done, rounds) =>
      done === rounds
        ? plural(rounds, {
            one: 'Le seul tour est fait, et plus personne n’entraîne.',
            many: 'Tous les # de tours sont faits, et plus personne n’entraîne.',
            other: 'Les # tours sont faits, et plus personne n’entraîne.',
          })
        : plural(rounds, {
            one: 'La session s’est terminée avant la fin de son seul tour.',
            many: `La session s’est terminée après ${done} tours sur #, et plus personne n’entraîne.`,
            other: `La session s’est terminée après ${done} tours sur #, et plus personne n’entraîne.`,
          }),
    folder: (round, size) =>
      `La base après le tour ${round}, sous forme de dossier : poids (${size}), configuration, tokenizer et une fiche qui dit comment elle a été faite.`,
    prepare: 'Préparer les fichiers',
    preparing: 'Récupère la base…',
    whatNext: 'Et ensuite',
    studio:
      'Construisez votre propre modèle dessus, hors ligne : lancez le studio et déposez le dossier sur sa page.',
    chat: 'Faites-la écrire sur votre ordinateur :',
    audit: 'Vérifier dans ce navigateur comment le relais l’a faite',
    auditWhy: 'à partir des contributions de tous, bit à bit.',
  },
};
