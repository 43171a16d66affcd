import type { Messages } from '../catalogue.ts';
import { plural } from './grammar.ts';

/** The texts about a base: trying it and taking it home, in German. */
export const baseWords: Messages['bases'] = {
  heading: 'Die Basis ausprobieren',
  what: 'Das gemeinsame Modell setzt Ihre Worte fort, hier auf Ihrem Gerät. Es ist klein: Es ahmt die Texte nach, mit denen es trainiert wurde, und beantwortet keine Fragen. Nichts, was Sie hier schreiben, wird gesendet.',
  notYet: 'Sie schreibt, sobald die erste Runde eine Basis gemacht hat.',
  prompt: 'Beginnen mit',
  examplePrompt: 'Alle Menschen ',
  mode: 'Zeigen',
  modes: {
    rounds: 'vor und nach der letzten Runde',
    samples: 'zwei Texte der neuesten Basis, zur Wahl',
  },
  downloads: (size) =>
    `Basen, die noch nicht auf diesem Gerät sind, werden zuerst vom Relay geladen, je ${size}.`,
  write: 'Schreiben',
  stop: 'Anhalten',
  reading: 'Die Basis wird geholt…',
  stopped: 'Angehalten.',
  written: 'Die Texte sind vollständig.',
  round: (round) => (round === 0 ? 'Vor der ersten Runde' : `Nach Runde ${round}`),
  sample: (letter) => `Text ${letter}`,
  empty: 'Sie hat nichts geschrieben: Der Text endete sofort.',
  vote: 'Welcher Text ist besser?',
  better: (letter) => `Text ${letter} ist besser`,
  equal: 'Keiner',
  voteHelp:
    'Ihre Stimmen bleiben auf diesem Gerät, und niemand sonst sieht sie. Sie können sie als Paare aus einem besseren und einem schlechteren Text herunterladen, mit denen ein eigenes Rezept trainiert („prefer“).',
  voted: (votes) =>
    plural(votes, {
      one: '# Stimme ist auf diesem Gerät gespeichert.',
      other: '# Stimmen sind auf diesem Gerät gespeichert.',
    }),
  thanks: 'Keine Stimme ist gespeichert.',
  downloadVotes: 'Stimmen herunterladen',
  ending: {
    heading: 'Die Basis mitnehmen',
    complete: (done, rounds) =>
      done === rounds
        ? plural(rounds, {
            one: 'Die eine Runde ist fertig, und niemand trainiert mehr.',
            other: 'Alle # Runden sind fertig, und niemand trainiert mehr.',
          })
        : plural(rounds, {
            one: 'Der Lauf endete, bevor seine eine Runde fertig war.',
            other: `Der Lauf endete nach ${done} von # Runden, und niemand trainiert mehr.`,
          }),
    folder: (round, size) =>
      `Die Basis nach Runde ${round} als Ordner: Gewichte (${size}), Konfiguration, Tokenizer und eine Karte, die sagt, wie sie entstand.`,
    prepare: 'Dateien vorbereiten',
    preparing: 'Die Basis wird geholt…',
    whatNext: 'Wie weiter',
    studio:
      'Bauen Sie darauf Ihr eigenes Modell, ohne Netz: Starten Sie das Studio und legen Sie den Ordner auf seiner Seite ab.',
    chat: 'Lassen Sie sie auf Ihrem Rechner schreiben:',
    audit: 'In diesem Browser prüfen, wie das Relay sie',
    auditWhy: 'aus den Beiträgen aller gemacht hat, Bit für Bit.',
  },
};
