import type { Messages } from '../catalogue.ts';
import { plural } from './grammar.ts';

/** The texts of the scene in which bases write for a room, in German. */
export const speechWords: Messages['speech'] = {
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
};
