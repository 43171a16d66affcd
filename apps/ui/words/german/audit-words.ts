import type { Messages } from '../catalogue.ts';
import { plural } from './grammar.ts';

/** Every text of the audit page, in German. */
export const auditWords: Messages['audit'] = {
  description: 'Leitet jede Basis eines Laufs von Tapestry in diesem Browser neu her.',
  title: 'Prüfung – Tapestry',
  heading: 'Prüfen Sie diesen Lauf selbst',
  what: 'Dieser Browser liest das Journal des Laufs und jeden Beitrag und leitet jede Basis von der ersten an neu her. Jede muss Bit für Bit übereinstimmen.',
  token: 'Beitrittstoken',
  tokenHelp: 'Nur nötig, wenn der Lauf seine Beiträge allein den Mitgliedern zeigt.',
  start: 'Prüfung starten',
  again: 'Erneut prüfen',
  stop: 'Anhalten',
  reading: 'Das Journal wird gelesen…',
  derived: (round, rounds) => `Runde ${round} von ${rounds} neu hergeleitet`,
  progress: 'Fortschritt der Prüfung',
  intact: 'Unversehrt: Nichts wurde verändert',
  changed: (problems) => plural(problems, { one: '# Problem gefunden', other: '# Probleme gefunden' }),
  summary: (rounds, contributions, entries, time) =>
    [
      plural(rounds, { one: '# Basis', other: '# Basen' }),
      ' Bit für Bit neu hergeleitet, aus ',
      plural(contributions, { one: '# Beitrag', other: '# Beiträgen' }),
      ' und ',
      plural(entries, { one: '# Journaleintrag', other: '# Journaleinträgen' }),
      `, in ${time}.`,
    ].join(''),
  partly: (rounds, contributions, entries, time) =>
    [
      `Neu hergeleitete Basen: ${rounds}. Gelesen: `,
      plural(contributions, { one: '# Beitrag', other: '# Beiträge' }),
      ' und ',
      plural(entries, { one: '# Journaleintrag', other: '# Journaleinträge' }),
      `, in ${time}.`,
    ].join(''),
  older: (last) =>
    `Die Beiträge der Runden 1 bis ${last} sind nicht mehr aufbewahrt, wie es im Manifest des Laufs steht: Die erste hergeleitete Basis ist die der Runde ${last + 1}.`,
  unsigned: (entries) =>
    plural(entries, {
      one: 'Die Signatur des Relays deckt den neuesten Journaleintrag noch nicht ab.',
      other: 'Die Signatur des Relays deckt die # neuesten Journaleinträge noch nicht ab.',
    }),
  run: 'Lauf',
  relayKey: 'Schlüssel des Relays',
  base: 'Letzte hergeleitete Basis',
  compare:
    'Vergleichen Sie Lauf und Schlüssel mit denen, die man Ihnen gegeben hat. Diese Seite kommt vom Relay, das sie prüft. Wenn Sie beiden nicht vertrauen wollen, führen Sie auf einem eigenen Gerät aus:',
  nextWord: 'Was zu tun ist:',
  next: {
    'relay.closed-to-readers': 'Geben Sie das Beitrittstoken des Laufs ein und starten Sie die Prüfung neu.',
    'relay.blob-too-large':
      'Prüfen Sie diesen Lauf mit `tapestry verify`, das größere Modelle liest als ein Tab.',
    'relay.unreachable': 'Prüfen Sie, ob das Relay läuft, und starten Sie die Prüfung neu.',
    'relay.cut-off': 'Starten Sie die Prüfung neu.',
    'relay.fault':
      'Starten Sie die Prüfung später neu. Bleibt der Fehler, sagen Sie es der Person, die das Relay betreibt.',
    'run.missing': 'Wählen Sie den Ordner, der journal.sqlite und blobs enthält.',
    'run.unreadable':
      'Wählen Sie den Ordner noch einmal. Er darf sich nicht ändern, während er gelesen wird.',
    'run.moved-on': 'Starten Sie die Prüfung neu. Sie beginnt dann bei einer späteren Runde.',
  },
  flip: 'Ein Bit dieses Deltas kippen und erneut prüfen',
  flipped: (round, node) =>
    `Dieser Browser hat ein Bit des Deltas von Runde ${round}, Knoten ${node}, gekippt, um zu zeigen, dass die Prüfung es findet. Der Lauf selbst wurde nicht verändert.`,
  receipts: 'Ihre Quittungen',
  receiptsHelp:
    'Wurde Ihr Anteil zusammengeführt? Wählen Sie receipts-….txt und checkpoint-….txt aus dem Ordner Ihres Knotens. Die Dateien bleiben in diesem Browser.',
  folder: 'Der Ordner eines Laufs',
  folderHelp:
    'Prüfen Sie statt des Relays seinen Datenordner oder eine Kopie davon: Wählen Sie ihn, oder legen Sie ihn auf dieser Seite ab. Er bleibt in diesem Browser und braucht kein Netz. Kopieren Sie den Ordner eines laufenden Relays zuerst.',
  chooseFolder: 'Ordner wählen',
  folderGiven: (name) => `Geprüft wird der Ordner ${name}`,
  relayInstead: 'Wieder das Relay prüfen',
  dropHere: 'Ordner eines Laufs ablegen',
  dropHelp: 'Er wird hier geprüft, und nichts verlässt diesen Browser.',
  reportHelp:
    'Der Bericht sagt, was geprüft und gefunden wurde, und ist mit einem Schlüssel signiert, der in diesem Browser bleibt. Andere prüfen ihn mit:',
  saveReport: 'Signierten Bericht speichern',
  saveText: 'Als Text speichern',
  receiptsHeading: (count) => plural(count, { one: 'Ihre Quittung', other: 'Ihre # Quittungen' }),
  receipt: (sequence, round) =>
    round === null ? `Eintrag ${sequence}` : `Eintrag ${sequence}, Runde ${round}`,
  receiptRefuted: 'Das Journal enthält den Beitrag dieser Quittung nicht: siehe die Probleme oben.',
  grid: 'Beiträge',
  gridHelp:
    'Zeilen sind Knoten, Spalten sind Runden. Pfeiltasten bewegen; wählen Sie einen Beitrag, um jeden Schritt seiner Prüfung zu sehen.',
  gridEmpty: 'Beiträge erscheinen hier, sobald ihre Runden hergeleitet sind.',
  node: 'Knoten',
  earlier: 'Frühere Runden',
  later: 'Spätere Runden',
  roundsShown: (from, to, all) => `Runden ${from} bis ${to} von ${all}`,
  moreNodes: (count) => plural(count, { one: '# weiteren Knoten zeigen', other: '# weitere Knoten zeigen' }),
  states: {
    derived: 'Teil einer neu hergeleiteten Basis',
    'left-out': 'nicht gezählt, wie hergeleitet',
    changed: 'verändert',
    'not-merged': 'nicht zusammengeführt',
    'not-kept': 'nicht mehr aufbewahrt',
    waiting: 'noch nicht geprüft',
    unreached: 'nicht geprüft: Ein Problem kam zuvor',
  },
  cell: (round, node, state) => `Runde ${round}, Knoten ${node}: ${state}`,
  roundChanged: (round) => `Runde ${round}: Hier wurde ein Problem gefunden`,
  chosen: (round, node) => `Runde ${round}, Knoten ${node}`,
  attempt: (index, all) => `Beitrag ${index} von ${all}: Die Runde wurde erneut geöffnet.`,
  facts: (tokens, steps, bytes) =>
    [
      plural(tokens, { one: '# Token', other: '# Token' }),
      plural(steps, { one: ' in # Schritt', other: ' in # Schritten' }),
      `, ${bytes}`,
    ].join(''),
  steps: {
    entry: (sequence) => `Der Journaleintrag ${sequence} ist mit dem vorigen verkettet`,
    signature: 'Der Knoten hat sein Angebot signiert',
    payload: 'Das Delta hat den Hash, den der Knoten signiert hat',
    delta: 'Das Delta liegt auf dem Gitter des Laufs und innerhalb seiner Norm',
    base: 'Mit den anderen Deltas der Runde ergibt es die Basis im Journal',
    'base-without': 'Die Regel zum Zusammenführen lässt es aus, und die anderen ergeben die Basis im Journal',
    checkpoint: 'Das Relay hat das Journal vor dem Abschluss dieser Runde signiert',
  },
  results: {
    held: 'Stimmt',
    changed: 'Stimmt nicht',
    waiting: 'Noch nicht',
    unreached: 'Nicht erreicht',
    'not-kept': 'Nicht mehr da',
    'not-merged': 'Nicht verwendet',
  },
};
