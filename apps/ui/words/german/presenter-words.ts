import type { Messages } from '../catalogue.ts';
import { plural } from './grammar.ts';

/** The texts of whoever presents a run in a hall, in German. */
export const presenterWords: Messages['presenter'] = {
  title: 'Moderation',
  start: 'Start',
  resume: 'Weiter',
  pause: 'Nach dieser Runde pausieren',
  extend: 'Eine Minute mehr',
  end: 'Lauf beenden',
  endAsk: 'Den Lauf für alle beenden? Die offene Runde zählt, wenn sie genug Beiträge hat.',
  endYes: 'Ja, beenden',
  cancel: 'Abbrechen',
  remove: (node) => `${node} entfernen`,
  removeAsk: (node) =>
    `${node} entfernen? Dieser Knoten kann dem Lauf nicht wieder beitreten. Was er beigetragen hat, bleibt in der Basis.`,
  removeWhich: 'Welcher Knoten soll entfernt werden?',
  removeNone: 'Knoten wählen',
  removeYes: 'Ja, entfernen',
  lobby: (nodes) =>
    plural(nodes, {
      one: '# Knoten ist da. Der Lauf beginnt, wenn die Moderation Start drückt.',
      other: '# Knoten sind da. Der Lauf beginnt, wenn die Moderation Start drückt.',
    }),
  paused: 'Von der Moderation pausiert',
  pausing: 'Nach dieser Runde pausiert der Lauf.',
  outcomes: {
    done: 'Erledigt.',
    'not-now': 'Das ist im Moment nicht möglich.',
    gone: 'Dieser Knoten ist schon gegangen.',
    refused:
      'Das Relay hat das Geheimnis der Moderation nicht angenommen. Öffnen Sie die Adresse, die es beim letzten Start ausgegeben hat.',
    unreachable: 'Das Relay hat nicht geantwortet. Versuchen Sie es noch einmal.',
  },
};
