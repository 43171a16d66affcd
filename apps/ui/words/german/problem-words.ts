import type { ProblemWords } from '../catalogue.ts';

/** What problems mean and what to do about them, by their codes, in German. */
export const problemWords: ProblemWords = {
  'adapter.missing': {
    message: 'Der Browser fand keine GPU, die er nutzen kann.',
    next: 'Aktualisieren Sie den Grafiktreiber und starten Sie den Browser neu.',
  },
  'corpus.none': {
    message: 'Die Dateien enthalten keinen nutzbaren Text.',
    next: 'Wählen Sie mindestens eine Text- oder JSONL-Datei mit einigen Absätzen.',
  },
  'corpus.not-text': {
    message: 'Eine Datei ist kein Text.',
    next: 'Exportieren Sie sie als reinen Text und wählen Sie diesen.',
  },
  'corpus.too-short': {
    message: 'Der Text ist für diesen Lauf zu kurz.',
    next: 'Fügen Sie Text hinzu oder wählen Sie einen längeren.',
  },
  'device.lost': {
    message: 'Die GPU ging verloren.',
    next: 'Laden Sie die Seite neu. Schließen Sie andere Programme, die die GPU nutzen.',
  },
  'relay.already-connected': {
    message: 'Derselbe Knoten ist von anderswo beigetreten.',
    next: 'Lassen Sie ihn nur in einem Tab laufen.',
  },
  'relay.bad-token': {
    message: 'Das Beitrittstoken stimmt nicht.',
    next: 'Fragen Sie die Person, die das Relay betreibt, nach dem richtigen.',
  },
  'relay.cut-off': { message: 'Die Verbindung zum Relay brach ab.', next: 'Versuchen Sie es noch einmal.' },
  'relay.fault': {
    message: 'Im Relay ist ein Fehler aufgetreten.',
    next: 'Versuchen Sie es später. Bleibt der Fehler, sagen Sie es der Person, die das Relay betreibt.',
  },
  'relay.removed': {
    message: 'Die Moderation hat diesen Knoten aus dem Lauf entfernt.',
    next: 'Fragen Sie die Moderation nach dem Grund.',
  },
  'relay.too-many': {
    message: 'Das Relay nimmt im Moment keine weiteren Knoten an.',
    next: 'Versuchen Sie es später, oder fragen Sie die Person, die das Relay betreibt.',
  },
  'relay.unreachable': {
    message: 'Das Relay antwortet nicht.',
    next: 'Prüfen Sie Ihr Netz und ob das Relay läuft.',
  },
  'relay.wrong-protocol': {
    message: 'Diese Seite und das Relay sprechen verschiedene Versionen des Protokolls.',
    next: 'Laden Sie die Seite neu.',
  },
  'relay.wrong-run': {
    message: 'Dieses Relay führt jetzt einen anderen Lauf.',
    next: 'Laden Sie die Seite neu, um ihm beizutreten.',
  },
};
