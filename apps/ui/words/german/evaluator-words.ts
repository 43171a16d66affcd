import type { Messages } from '../catalogue.ts';
import { plural } from './grammar.ts';

/** Every text on evaluators: on the dashboard, in an open round, and on the page that contributes, in German. */
export const evaluatorWords: Messages['evaluators'] = {
  heading: 'Bewerter',
  purpose: (quorum) =>
    plural(quorum, {
      one: 'Sie bewerten Beiträge nach dem Loss auf dem Prüftext des Laufs. Einer von ihnen entscheidet; ohne ihn zählen die Werte des Relays.',
      other:
        'Sie bewerten Beiträge nach dem Loss auf dem Prüftext des Laufs. Ab den Werten von # Bewertern entscheidet der Median; bei weniger zählen die des Relays.',
    }),
  none: 'Noch ist keine Runde zu Ende.',
  scores: (round, scores, all) => `Runde ${round}: ${scores} von ${all} haben bewertet`,
  waits: (time) => `höchstens noch ${time}`,
  states: {
    unheard: 'Noch nichts gehört',
    here: 'Da',
    scored: 'Hat bewertet',
    silent: 'Stumm',
  },
  score: 'Wert',
  scoredBy: 'Bewertet von',
  relay: 'dem Relay',
  unit: 'Der Wert sagt, um wie viel ein Beitrag den Loss auf dem Prüftext des Laufs senkt, in Nats je Token.',
  evaluate: 'Bewerten',
  stop: 'Bewerten beenden',
  granted:
    'Dieser Lauf nennt Ihren Schlüssel als Bewerter. Statt zu trainieren, kann Ihre GPU die Beiträge der anderen bewerten. Einen Text von Ihnen braucht sie dazu nicht.',
  downloads:
    'In jeder Runde lädt sie die Basis und die Beiträge, die bewertet werden. Sie sendet nur Werte mit Ihrer Signatur.',
  keyHeading: 'Einen Lauf bewerten',
  keyFor:
    'Geben Sie diesen Schlüssel Ihres Browsers dem, der den Lauf startet, bevor er beginnt: Ein Lauf nennt seine Bewerter am Anfang, und später kommt keiner hinzu. Ein Lauf unter dieser Adresse, der ihn nennt, bietet Ihnen das Bewerten an:',
  opening: 'Die GPU wird geöffnet und das Journal gelesen …',
  following: 'Wartet auf das Ende einer Runde.',
  answers: {
    taken: (round) => `Runde ${round}: Ihre Werte sind gesendet.`,
    late: (round) => `Runde ${round}: Ihre Werte kamen zu spät.`,
    refused: (round) => `Runde ${round}: Das Relay hat Ihre Werte abgelehnt.`,
  },
  counted: (round) => `Runde ${round}: Ihre Werte stehen im Journal.`,
  uncounted: (round) => `Runde ${round} wurde ohne Ihre Werte abgeschlossen.`,
  waiting: 'Das Relay antwortet nicht. Es wird wieder gefragt.',
  done: 'Der Lauf ist abgeschlossen. Danke.',
  stopped: 'Beendet. Die Runden gehen ohne Ihre Werte weiter.',
};
