import type { CommonWords } from '../catalogue.ts';
import { plural } from './grammar.ts';

/** The texts that several pages show, in French. */
export const commonWords: CommonWords = {
  brand: 'Tapestry',
  theme: {
    system: 'Couleurs : celles du système',
    light: 'Couleurs : claires',
    dark: 'Couleurs : sombres',
  },
  language: 'Langue',
  languageMissing: (language: string) =>
    `Impossible de charger ${language} tant que le relais ne répond pas.`,
  skip: 'Aller au contenu',
  hosts: { browser: 'Onglet de navigateur', node: 'Node', deno: 'Deno' },
  states: {
    syncing: 'Télécharge',
    training: 'Entraîne',
    uploading: 'Envoie',
    waiting: 'Attend',
    paused: 'En pause',
    following: 'Suit',
  },
  offline: { waiting: 'Enregistre…', ready: 'Marche hors ligne' },
  ownText: 'texte personnel',
  unlistedCorpus: 'autre',
  connection: {
    connecting: 'Connexion…',
    live: 'En direct',
    stale: 'Pas à jour',
    staleSince: (time) => `Le relais ne répond plus depuis ${time}. Reconnexion…`,
    unreadable: 'Le relais est plus récent que cette page. Rechargez la page.',
  },
  cloth: {
    label: 'Avancement de la session',
    value: (done, rounds) =>
      plural(rounds, {
        one: `${done} tour validé sur #`,
        many: `${done} tours validés sur #`,
        other: `${done} tours validés sur #`,
      }),
    legend:
      'Les fils sont des corpus, les colonnes des tours. Un fil est coloré dans les tours auxquels son corpus a pris part.',
  },
  loss: {
    title: 'Perte',
    unit: 'nats par token, comme les nœuds la déclarent ; pour les corpus, sur un texte qu’ils ont mis de côté',
    training: 'Entraînement, tous les nœuds',
    probe: 'Mesurée par le relais',
    own: 'Votre perte d’entraînement',
    ownHeldOut: 'Perte de la base sur votre texte mis de côté',
    round: 'Tour',
    step: 'Pas',
    empty: 'La courbe commence quand le premier tour est validé.',
    ownEmpty: 'La courbe commence avec vos premiers pas.',
    summary: (from, to) => `La perte est passée de ${from} à ${to}.`,
  },
};
