import type { Messages } from '../catalogue.ts';
import { plural } from './grammar.ts';

/** Every text on evaluators: on the dashboard, in an open round, and on the page that contributes, in French. */
export const evaluatorWords: Messages['evaluators'] = {
  heading: 'Évaluateurs',
  purpose: (quorum) =>
    plural(quorum, {
      one: 'Ils notent les contributions d’après la perte sur le texte de test. Une seule note décide ; sans elle, celles du relais comptent.',
      many: 'Ils notent les contributions d’après la perte sur le texte de test. À partir de # évaluateurs, la médiane décide ; sinon, les notes du relais comptent.',
      other:
        'Ils notent les contributions d’après la perte sur le texte de test. À partir de # évaluateurs, la médiane décide ; sinon, les notes du relais comptent.',
    }),
  none: 'Aucun tour n’est encore clos.',
  scores: (round, scores, all) => `Tour ${round} : ${scores} sur ${all} ont noté`,
  waits: (time) => `encore ${time} au plus`,
  states: {
    unheard: 'Pas encore vu',
    here: 'Présent',
    scored: 'A noté',
    silent: 'Muet',
  },
  score: 'Note',
  scoredBy: 'Noté par',
  relay: 'le relais',
  unit: 'Une note dit de combien une contribution abaisse la perte sur le texte de test, en nats par token.',
  evaluate: 'Évaluer',
  stop: 'Cesser d’évaluer',
  granted:
    'Cette session désigne votre clé comme évaluateur. Au lieu d’entraîner, votre GPU peut noter les contributions des autres. Il n’a besoin d’aucun texte de vous.',
  downloads:
    'À chaque tour, il télécharge la base et les contributions à noter. Il n’envoie que des notes signées par vous.',
  keyHeading: 'Évaluer une session',
  keyFor:
    'Donnez cette clé de votre navigateur à qui lance la session, avant qu’elle commence : une session désigne ses évaluateurs au départ, et aucun ne s’ajoute ensuite. Une session à cette adresse qui la désigne vous proposera d’évaluer :',
  opening: 'Ouverture du GPU et lecture du journal…',
  following: 'Attend la fin d’un tour.',
  answers: {
    taken: (round) => `Tour ${round} : vos notes sont envoyées.`,
    late: (round) => `Tour ${round} : vos notes sont arrivées trop tard.`,
    refused: (round) => `Tour ${round} : le relais a refusé vos notes.`,
  },
  counted: (round) => `Tour ${round} : vos notes sont dans le journal.`,
  uncounted: (round) => `Le tour ${round} a été validé sans vos notes.`,
  waiting: 'Le relais ne répond pas. Il sera interrogé à nouveau.',
  done: 'La session est terminée. Merci.',
  stopped: 'Arrêté. Les tours continuent sans vos notes.',
};
