import type { Messages } from '../catalogue.ts';
import { plural } from './grammar.ts';

/** The texts of the scenes that are shown in a hall, in German. */
export const sceneWords: Messages['scenes'] = {
  open: 'Vorführen',
  close: 'Vorführung verlassen',
  keys: 'Tasten: 1 bis 5 und die Pfeile wechseln die Szene, Escape verlässt sie. Mit dem Geheimnis der Moderation: S startet, P pausiert, M gibt eine Minute, R entfernt einen Knoten, E beendet den Lauf.',
  fewKeys: 'Tasten: Die Pfeile wechseln die Szene, Escape verlässt sie.',
  keysOn: 'Buchstabentasten einschalten',
  keysOff: 'Buchstabentasten ausschalten',
  names: { join: 'Beitreten', weave: 'Weben', learn: 'Lernen', speak: 'Sprechen', thanks: 'Dank' },
  joinHow: 'Code scannen, Text wählen, Start drücken. Der Text bleibt auf Ihrem Gerät.',
  here: (nodes) => plural(nodes, { one: '# Knoten ist da.', other: '# Knoten sind da.' }),
  round: (round, rounds) => `Runde ${round} von ${rounds}`,
  contributions: (given, target) =>
    plural(target, { one: `${given} von # Beitrag`, other: `${given} von # Beiträgen` }),
  left: (time) => `noch ${time}`,
  loss: (from, to) => `Loss ${from} → ${to}`,
  lossOf: {
    probe: 'vom Relay gemessen',
    heldOut: 'auf Text, den Knoten zurückhalten, wie sie ihn melden',
  },
  noLoss: 'Die Linie beginnt, wenn zwei Runden abgeschlossen sind.',
  chart: (from, to, best, worst) =>
    `Der mittlere Loss ging von ${from} auf ${to}. Der beste Korpus ist ${best}, der schlechteste ${worst}.`,
  thanksHeading: 'Danke',
  thanks: (contributions, tokens) =>
    [
      plural(contributions, { one: '# Beitrag', other: '# Beiträge' }),
      plural(tokens, { one: '# Token', other: '# Token' }),
      'eine Basis.',
    ].join(', '),
  print: 'Drucken',
  picture: 'Bild speichern',
  ownThreads: 'Umrandet und unter einem Balken: Ihre Fäden.',
  /** Bases that write for the room. */
  speech: {
    prompt: 'Ihr Prompt',
    send: 'Senden',
    starts: 'Oder einen Korpus beginnen lassen',
    shown: 'Alle sehen ihn, und die Basen setzen ihn fort. Das Relay speichert ihn nicht.',
    sent: {
      taken: 'Gesendet. Er wird gezeigt, wenn er an der Reihe ist.',
      unfit: 'Das kann kein Prompt sein: Er braucht Buchstaben oder Ziffern und nichts Unsichtbares.',
      full: 'Zu viele Prompts warten. Versuchen Sie es in einer Minute noch einmal.',
      failed: 'Das Relay hat ihn nicht angenommen. Versuchen Sie es noch einmal.',
    },
    writing: 'schreibt …',
    waiting: (prompts) =>
      plural(prompts, { one: '# weiterer Prompt wartet.', other: '# weitere Prompts warten.' }),
    skip: 'Nächster Prompt (N)',
  },
};
