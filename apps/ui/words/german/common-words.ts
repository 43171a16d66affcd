import type { CommonWords } from '../catalogue.ts';
import { plural } from './grammar.ts';

/** The texts that several pages show, in German. */
export const commonWords: CommonWords = {
  brand: 'Tapestry',
  theme: {
    system: 'Farben: wie im System',
    light: 'Farben: hell',
    dark: 'Farben: dunkel',
  },
  language: 'Sprache',
  languageMissing: (language: string) =>
    `${language} lässt sich nicht laden, solange das Relay nicht antwortet.`,
  skip: 'Zum Inhalt springen',
  hosts: { browser: 'Browser-Tab', node: 'Node', deno: 'Deno' },
  states: {
    syncing: 'Lädt',
    training: 'Trainiert',
    uploading: 'Sendet',
    waiting: 'Wartet',
    paused: 'Pausiert',
    following: 'Folgt',
  },
  offline: { waiting: 'Speichert…', ready: 'Läuft ohne Netz' },
  ownText: 'eigener Text',
  unlistedCorpus: 'anderer',
  connection: {
    connecting: 'Verbindet…',
    live: 'Live',
    stale: 'Veraltet',
    staleSince: (time) => `Das Relay antwortet seit ${time} nicht. Neue Verbindung wird versucht…`,
    unreadable: 'Das Relay ist neuer als diese Seite. Laden Sie die Seite neu.',
  },
  cloth: {
    label: 'Fortschritt des Laufs',
    value: (done, rounds) =>
      plural(rounds, {
        one: `${done} von # Runde abgeschlossen`,
        other: `${done} von # Runden abgeschlossen`,
      }),
    legend:
      'Fäden sind Korpora, Spalten sind Runden. Ein Faden ist in den Runden gefärbt, an denen sein Korpus teilnahm.',
  },
  loss: {
    title: 'Loss',
    unit: 'Nat je Token, wie die Knoten ihn melden; für Korpora auf Text, den sie zurückhalten',
    training: 'Training, alle Knoten',
    probe: 'Vom Relay gemessen',
    own: 'Ihr Trainings-Loss',
    ownHeldOut: 'Loss der Basis auf Ihrem zurückgehaltenen Text',
    round: 'Runde',
    step: 'Schritt',
    empty: 'Die Kurve beginnt, wenn die erste Runde abgeschlossen ist.',
    ownEmpty: 'Die Kurve beginnt mit Ihren ersten Schritten.',
    summary: (from, to) => `Der Loss ging von ${from} auf ${to}.`,
  },
};
