import type { ProblemWords } from '../../problems.ts';

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
  'audit.no-receipt': {
    message: 'Eine Datei enthält weder Quittungen noch einen Kontrollpunkt.',
    next: 'Wählen Sie die Dateien receipts-….txt und checkpoint-….txt aus dem Ordner eines Knotens.',
  },
  'evaluate.no-token': {
    message: 'Nur Mitglieder dürfen die Beiträge dieses Laufs lesen.',
    next: 'Geben Sie das Beitrittstoken ein.',
  },
  'evaluate.not-granted': {
    message: 'Der Lauf nennt den Schlüssel dieses Browsers nicht als Bewerter.',
    next: 'Geben Sie den Schlüssel der Person, die das Relay betreibt. Sie startet einen Lauf mit ihm.',
  },
  'page.unforeseen': {
    message: 'Ein Fehler ist aufgetreten, den die Seite nicht kennt.',
    next: 'Laden Sie die Seite neu. Tritt der Fehler wieder auf, melden Sie ihn.',
  },
  'page.worker': {
    message: 'Der Teil der Seite, der rechnet, ist ausgefallen.',
    next: 'Laden Sie die Seite neu.',
  },
  'studio.no-adapter': {
    message: 'Dieses Modell wurde mit vollen Gewichten gebaut und hat keinen Adapter.',
    next: 'Exportieren Sie das ganze Modell, oder bauen Sie mit einem Adapter.',
  },
  'studio.no-breaches': {
    message: 'Das Rezept hat keine Regel, die Verstöße findet, oder seine Daten haben keinen Prompt.',
    next: 'Legen Sie eine Datei mit Regeln oder eine Verfassung mit geschützten Bereichen oder Prüfungen ab, und Daten mit Prompts.',
  },
  'studio.no-dataset': {
    message: 'Ein Datensatz des Rezepts ist nicht hier.',
    next: 'Legen Sie die Datei auf der Seite ab, oder nehmen Sie ihren Namen aus dem Rezept.',
  },
  'studio.no-file': {
    message: 'Das Rezept nennt eine Datei, die nicht hier ist.',
    next: 'Legen Sie die Datei auf der Seite ab, oder nehmen Sie ihren Namen aus dem Rezept.',
  },
  'studio.no-model': {
    message: 'Die Basis des Rezepts ist nicht hier.',
    next: 'Legen Sie eine Basis auf der Seite ab, oder wählen Sie eine, die hier ist.',
  },
  'studio.too-large': {
    message: 'Eine Datei ist zu groß.',
    next: 'Legen Sie eine kleinere ab: Rezepte, Regeln und Karten sind kurze Texte.',
  },
  'studio.unknown-file': {
    message: 'Das Studio kann mit einer Datei nichts anfangen.',
    next: 'Legen Sie Modelle, Daten mit ihren Karten, Rezepte, Verfassungen, Regeln oder Belohnungsfunktionen ab.',
  },
  adapter: {
    message: 'Der Adapter passt nicht zu diesem Modell, oder die GPU rechnet nicht richtig.',
    next: 'Die englische Meldung sagt, was nicht passt. Nehmen Sie einen anderen Adapter oder eine andere GPU.',
  },
  build: {
    message: 'Dieser Bau kann so nicht weitergehen.',
    next: 'Beginnen Sie den Bau neu, oder ändern Sie, was die englische Meldung nennt.',
  },
  card: {
    message: 'Eine Datenkarte ist ungültig, oder sie erlaubt diese Verwendung nicht.',
    next: 'Berichtigen Sie die Karte, oder nehmen Sie die Daten aus dem Rezept.',
  },
  chat: {
    message: 'Die Vorlage für Gespräche passt nicht zu diesem Modell oder zu diesem Text.',
    next: 'Wählen Sie ein anderes Format oder einen kürzeren Text.',
  },
  constitution: {
    message: 'Die Verfassung oder ihre Stimmen sind so nicht verwendbar.',
    next: 'Berichtigen Sie die Datei an der Stelle, die die englische Meldung nennt, und legen Sie sie neu ab.',
  },
  corpus: {
    message: 'Ein Teil Ihres Textes ist so nicht verwendbar.',
    next: 'Berichtigen Sie die Datei, die die englische Meldung nennt, oder wählen Sie andere.',
  },
  dataset: {
    message: 'Ein Datensatz ist so nicht verwendbar.',
    next: 'Berichtigen Sie die Zeile oder Spalte, die die englische Meldung nennt, und legen Sie die Datei neu ab.',
  },
  device: {
    message: 'Die GPU reicht für dieses Modell nicht aus, oder ihr Treiber ist fehlerhaft.',
    next: 'Aktualisieren Sie den Treiber, schließen Sie andere Programme, oder nehmen Sie ein anderes Gerät.',
  },
  disk: {
    message: 'Der Browser kann nicht genug speichern.',
    next: 'Geben Sie Speicherplatz frei, und laden Sie die Seite neu.',
  },
  host: {
    message: 'Der Browser erlaubt dies nicht, oder ein anderer Tab nutzt es gerade.',
    next: 'Schließen Sie andere Tabs dieser Seite, und erlauben Sie, wonach der Browser fragt.',
  },
  identity: {
    message: 'Der Schlüssel dieses Geräts lässt sich nicht lesen.',
    next: 'Laden Sie die Seite neu. Bleibt der Fehler, wählen Sie „Auf diesem Gerät vergessen“.',
  },
  lineage: {
    message: 'Die Herkunft dieses Modells ist nicht so, wie seine Datei sagt.',
    next: 'Holen Sie das Modell noch einmal aus seiner Quelle.',
  },
  model: {
    message:
      'Die Dateien des Modells sind beschädigt, unvollständig oder von einer Art, die hier nicht gelesen wird.',
    next: 'Laden Sie das Modell neu herunter, oder nehmen Sie eines der Architektur LLaMA.',
  },
  program: {
    message: 'Gespeicherter Stand und Programm passen nicht zusammen.',
    next: 'Laden Sie die Seite neu, und beginnen Sie von vorn. Tritt der Fehler wieder auf, melden Sie ihn.',
  },
  protected: {
    message: 'Die geschützten Bereiche sind so nicht verwendbar.',
    next: 'Berichtigen Sie die Regel, die die englische Meldung nennt.',
  },
  recipe: {
    message: 'Das Rezept passt nicht zu seinen Daten oder zu seinem Modell.',
    next: 'Ändern Sie im Rezept, was die englische Meldung nennt.',
  },
  relay: {
    message: 'Das Relay antwortet nicht, wie es muss.',
    next: 'Laden Sie die Seite neu. Bleibt der Fehler, sagen Sie es der Person, die das Relay betreibt.',
  },
  run: {
    message: 'Der Lauf kann so nicht gelesen werden.',
    next: 'Wählen Sie den ganzen Ordner des Laufs, oder beginnen Sie neu.',
  },
  text: {
    message: 'Aus diesen Angaben lässt sich kein Text schreiben.',
    next: 'Ändern Sie den Anfang oder die Einstellungen.',
  },
  training: {
    message: 'Das Training ergab Werte, die keine Zahlen mehr sind.',
    next: 'Nehmen Sie eine kleinere Lernrate. Ein Knoten, der beiträgt, beginnt von selbst neu.',
  },
};
