import type { Messages } from '../catalogue.ts';
import { plural } from './grammar.ts';

/** Every text of the page that contributes to a run, in German. */
export const contributeWords: Messages['contribute'] = {
  description: 'Trainieren Sie ein gemeinsames Sprachmodell mit Text, der auf Ihrem Gerät bleibt.',
  title: 'Beitragen – Tapestry',
  heading: 'Trainieren Sie ein Sprachmodell mit. Ihr Text bleibt hier.',
  what: 'Ihre GPU trainiert ein gemeinsames Modell mit einem Text Ihrer Wahl. Gesendet werden nur Änderungen an den Zahlen des Modells; sie werden mit denen anderer Knoten zusammengeführt.',
  newTab: '(öffnet einen neuen Tab)',
  dashboard: 'Übersicht',
  run: (name, parameters) =>
    `„${name}“, ${plural(parameters, { one: 'ein Modell mit # Parameter', other: 'ein Modell mit # Parametern' })}.`,
  gpu: 'Ihre GPU',
  probing: 'Ihre GPU wird gesucht…',
  software:
    'Das ist ein Software-Adapter: Er rechnet auf dem Prozessor. Das geht, aber langsamer als auf einer GPU.',
  text: 'Ihr Text',
  corpusChoice: 'Ein eingebauter Korpus',
  corpusLabel: 'Korpus',
  corpusHelp: (languages) =>
    plural(languages, {
      one: 'Die Allgemeine Erklärung der Menschenrechte in # Sprache:',
      other: 'Die Allgemeine Erklärung der Menschenrechte in # Sprachen:',
    }),
  filesChoice: 'Eigene Dateien',
  filesLabel: 'Dateien',
  filesHelp:
    'Reiner Text oder Markdown in UTF-8, UTF-16 oder Windows-1252, oder JSONL mit einem Feld „text“. Nur dieser Tab liest die Dateien.',
  textReading: 'Die Dateien werden gelesen…',
  textFirstLines: (size) => `${size} Text sind nutzbar. Er beginnt so:`,
  filesChosen: (count, size) => `${plural(count, { one: '# Datei', other: '# Dateien' })}, ${size}`,
  filesLost: (names) => `Die Seite wurde neu geladen. Wählen Sie diese Dateien erneut: ${names}.`,
  filesNeeded: 'Wählen Sie mindestens eine Datei, oder fügen Sie einen Text ein.',
  pastedLabel: 'Oder fügen Sie einen Text ein',
  pastedHelp: 'Nur dieser Tab liest ihn. Er wird nicht gespeichert.',
  pastedName: 'eingefügter Text',
  pastedLost: 'Die Seite wurde neu geladen. Fügen Sie den Text erneut ein.',
  notAddresses:
    'Das ist eine Adresse. Diese Seite liest keine anderen Seiten: Öffnen Sie die Adresse, kopieren Sie den Text und fügen Sie ihn hier ein.',
  dropHere: 'Oder legen Sie Dateien und Ordner hier ab.',
  token: 'Beitrittstoken',
  tokenHelp: 'Fragen Sie die Person, die dieses Relay betreibt, nach dem Token.',
  tokenNeeded: 'Dieses Relay verlangt ein Beitrittstoken.',
  power: 'Leistung',
  powerHelp: 'Weniger Leistung lässt mehr von der GPU für Ihre andere Arbeit.',
  start: 'Start',
  again: 'Neu starten',
  pause: 'Pause',
  resume: 'Fortsetzen',
  finish: 'Fertigstellen',
  finishHelp:
    'Fertigstellen beendet und sendet Ihre laufende Runde und verlässt dann den Lauf. Sie können auch den Tab schließen: Ihre Runde bleibt auf diesem Gerät gespeichert und geht weiter, wenn Sie vor ihrem Ende zurückkommen.',
  state: {
    checking: 'Bereitet sich vor',
    ready: 'Bereit',
    starting: 'Startet',
    joining: 'Tritt dem Relay bei',
    compiling: 'Kompiliert die Kernel',
    syncing: 'Lädt die Basis',
    training: 'Trainiert',
    sending: 'Sendet Ihr Delta',
    waiting: 'Wartet auf die nächste Runde',
    retrying: 'Verbindung verloren, neuer Versuch',
    paused: 'Pausiert',
    following: 'Folgt dem Lauf',
    finishing: 'Beendet diese Runde',
    finished: 'Fertig. Vielen Dank.',
    complete: 'Der Lauf ist abgeschlossen. Vielen Dank.',
    failed: 'Angehalten',
    over: 'Der Lauf ist abgeschlossen',
    unsupported: 'Dieser Browser kann nicht trainieren',
  },
  progress: (round, rounds, step, steps) => `Runde ${round} von ${rounds}, Schritt ${step} von ${steps}`,
  lobby: (nodes) =>
    plural(nodes, {
      one: '# Knoten ist da. Das Training beginnt, wenn die Moderation den Lauf startet.',
      other: '# Knoten sind da. Das Training beginnt, wenn die Moderation den Lauf startet.',
    }),
  lobbyJoin: (nodes) =>
    plural(nodes, {
      one: '# Knoten ist da. Drücken Sie Start, um dabei zu sein: Das Training beginnt, wenn die Moderation den Lauf startet.',
      other:
        '# Knoten sind da. Drücken Sie Start, um dabei zu sein: Das Training beginnt, wenn die Moderation den Lauf startet.',
    }),
  held: 'Die Moderation hat den Lauf pausiert und setzt ihn auch fort.',
  retrying: (attempt, seconds) => `Versuch ${attempt}, in ${seconds} s.`,
  retryNow: 'Jetzt versuchen',
  launch: {
    label: 'Schritte des Starts',
    join: 'Beitreten',
    compile: 'Kompilieren',
    fetch: 'Laden',
    train: 'Trainieren',
    done: '(fertig)',
  },
  roundEnds: (time) => `Diese Runde ist etwa um ${time} fertig.`,
  roundCutOff: (time) => `Die Frist beendet diese Runde um ${time}, vor Ihrem letzten Schritt.`,
  runEnds: (time) => `Der Lauf ist etwa um ${time} fertig.`,
  tabProgress: (percent, round, rounds) => `${percent} · Runde ${round} von ${rounds}`,
  options: 'Wie viel, wie lange',
  stopAfter: 'Aufhören nach',
  stopNever: 'dem Ende des Laufs',
  stopRounds: (rounds) => plural(rounds, { one: '# Runde', other: '# Runden' }),
  pauseFor: 'Pause in Minuten',
  minutes: 'min',
  pauseForButton: 'So lange pausieren',
  away: {
    heading: 'Wenn Sie nicht da sind',
    hidden: 'Die Seite trainiert weiter, wenn sie verborgen ist oder hinter anderen Fenstern liegt.',
    onBattery: 'Im Akkubetrieb pausieren',
    onlyIdle: 'Nur trainieren, wenn niemand das Gerät benutzt',
    idleDevice: 'Das ist nach 3 Minuten ohne Taste oder Zeiger an diesem Gerät.',
    idlePage:
      'Dieser Browser sagt der Seite nichts über Ihre anderen Programme. Darum trainiert sie nach 3 Minuten ohne Taste oder Zeiger in dieser Seite.',
    weekly: 'Nur zu festen Zeiten der Woche trainieren',
    weeklyHelp: 'Ortszeit. Liegt das Ende nicht nach dem Beginn, so ist es am nächsten Tag.',
    from: 'Von',
    to: 'Bis',
    dayNeeded: 'Kein Tag ist gewählt, darum gelten die Zeiten nicht.',
    tone: 'Beim Training einen unhörbaren Ton spielen',
    toneHelp:
      'Chrome bremst verborgene Tabs, aber keinen, der Ton spielt. Sie hören nichts; der Tab zeigt einen Lautsprecher.',
    reasons: {
      person: 'Sie haben pausiert.',
      timed: (time) => `Sie haben pausiert. Das Training geht um ${time} weiter.`,
      weekly: (time) => `Jetzt ist keine Ihrer festen Zeiten. Das Training geht um ${time} weiter.`,
      battery: 'Das Gerät läuft mit Akku. Das Training geht weiter, wenn es am Netz ist.',
      device: 'Sie benutzen dieses Gerät. Das Training geht nach 3 Minuten ohne Taste oder Zeiger weiter.',
      page: 'Sie benutzen diese Seite. Das Training geht nach 3 Minuten ohne Taste oder Zeiger hier weiter.',
    },
  },
  otherTab: {
    heading: 'Ein anderer Tab dieses Browsers trainiert',
    why: 'Jener Tab macht weiter, nichts geht verloren. Ein Tab nutzt die ganze GPU, deshalb schaut dieser nur zu.',
    title: 'Sein Titel jetzt:',
    show: 'Zeige mir jenen Tab',
    showHelp: 'Der Tab kommt nach vorn, wo der Browser es erlaubt; sonst beginnt sein Titel mit „Hier“.',
    called: (title) => `Hier: ${title}`,
  },
  times: (count) => plural(count, { one: '(#-mal)', other: '(#-mal)' }),
  tooSlow: (needs, gives) =>
    `Ihr Gerät braucht etwa ${needs} min je Runde, und dieser Lauf gibt ${gives} min.`,
  tooSlowNext:
    'Stellen Sie die Leistung auf 100 %, schließen Sie andere Programme, die die GPU nutzen, oder tragen Sie von einem schnelleren Gerät bei.',
  yours: 'Ihr Anteil',
  tokens: 'Token, die Sie beigetragen haben',
  share: 'Anteil am Lauf',
  rank: 'Rang unter den Knoten hier',
  rankValue: (rank, nodes) => `${rank} von ${nodes}`,
  roundsCounted: 'Runden, die zählten, in diesem Tab',
  accepted: 'Angenommene Beiträge',
  counted: 'Der letzte zählt',
  speed: 'Token je Sekunde',
  corpusTokens: 'Token Ihres Textes',
  pass: 'Einmal durch Ihren Text',
  passMinutes: (minutes) => `etwa ${minutes} min`,
  passShort: 'unter 1 min',
  receipts: {
    download: 'Ihre Quittungen herunterladen',
    help: 'Das Relay signiert eine Quittung für jeden Beitrag, den es annimmt. Die Datei enthält die neuesten 256 dieses Laufs und nichts von Ihrem Text.',
    check: 'Jeder kann prüfen, dass der Lauf Ihre Beiträge enthält:',
    saved: (name) => `Gespeichert als ${name}.`,
    none: 'Dieser Browser hat noch keine Quittung dieses Laufs.',
  },
  sent: 'Gesendete Daten',
  sentType: 'Nachricht',
  sentBytes: 'Bytes',
  sentNames: {
    join: 'Beitritt: Ihr Schlüssel und seine Signatur',
    offer: 'Angebot: Hash, Zählungen und Loss eines Deltas',
    chunk: 'Stück: das Delta, kodiert',
    heartbeat: 'Herzschlag: „Ich bin da“, Schritte, Loss',
    leave: 'Abschied: auf Wiedersehen',
  },
  sentTotal: 'Gesendet, insgesamt',
  received: 'Von diesem Knoten empfangen (Basen, Deltas und Nachrichten)',
  pageItself: 'Diese Seite selbst (Skripte, Bilder, Status), nicht der Knoten',
  notSent: 'Ihr Text wurde nicht gesendet und kann es nicht werden.',
  notSentWhy:
    'Das Relay nimmt nur diese fünf Nachrichten an. Keine davon hat ein Feld für Text, und jede hat eine feste Größe. Ihr Text bleibt in einem Worker, der sich nur mit diesem Relay verbinden kann.',
  schema: 'Jede Nachricht lesen',
  audit: 'Prüfen, wie das Relay zusammenführt',
  limits: 'Ein Delta kann dennoch Teile Ihres Textes verraten',
  limitsText:
    'Ein Delta wird aus Ihrem Text berechnet. Wer es liest, kann recht sicher sagen, welche Bytes im Text vorkommen. In einem Test wurde ein Satz, der sich immer wiederholte, Wort für Wort ausgeschrieben. Das Relay liest jedes Delta, und nach der Runde auch jene, die der Lauf nennt. In einer Runde mit wenigen Knoten zeigt die nächste, öffentliche Basis viel von jedem Delta. Tragen Sie keine Geheimnisse bei.',
  notices: 'Hinweise',
  refused: (code, round) => `Das Relay hat Ihren Beitrag zu Runde ${round} abgelehnt (${code}).`,
  dropped: (round) =>
    `Ihr Beitrag zu Runde ${round} kam zu spät oder war nicht verwendbar. Ihr Knoten macht mit der nächsten Runde weiter.`,
  leftOut: (round) =>
    `Ihr Beitrag zu Runde ${round} wurde ausgelassen, weil er gegen die Richtung der anderen zeigt.`,
  leftOutNext:
    'Nichts, wenn es ab und zu geschieht: Ihr Text ist vielleicht anders als die der anderen. Geschieht es in jeder Runde, wählen Sie einen anderen Text.',
  fates: {
    included: () => 'ganz',
    scaled: (percent) => `zu ${percent}`,
    trimmed: (percent) => `zu ${percent}: Einige Werte sind denen der anderen zu unähnlich`,
    capped: (percent) => `zu ${percent}: Der Lauf begrenzt das Gewicht eines Knotens`,
    'left-out': () => 'ausgelassen',
    'too-fast': (percent) => `zu ${percent}: Dieses Gerät war noch nie so schnell`,
    short: (percent) => `zu ${percent}: Er ändert die Basis weniger, als so viele Schritte sollten`,
    copy: () => 'nicht gezählt: fast gleich wie ein früherer',
    worse: () => 'nicht gezählt: Ohne ihn ist die Basis auf dem Prüftext besser',
    distrusted: (percent) =>
      `zu ${percent}: Frühere Beiträge dieses Geräts waren Kopien oder machten die Basis schlechter`,
    unproven: () => 'noch nicht gezählt: Das Relay hat dieses Gerät noch nicht geprüft',
  },
  abandoned: (round) =>
    `Runde ${round} ergab keine Basis und wird erneut geöffnet: Sie hatte zu wenige Beiträge, oder ihre Basis war auf zurückgehaltenem Text schlechter, als der Lauf erlaubt.`,
  deviceLost: (round, step) =>
    `Die GPU ging verloren und wurde wieder geöffnet. Runde ${round} geht nach Schritt ${step} weiter.`,
  storedRound: {
    resumed: (round, step) =>
      `Runde ${round} geht nach Schritt ${step} weiter, wo dieser Browser sie gespeichert hat.`,
    returned: (round, steps) =>
      `Runde ${round} wurde geschlossen, während diese Seite weg war. Was ${plural(steps, { one: 'ihr Schritt gelernt hat', other: 'ihre # Schritte gelernt haben' })}, kommt in Ihren nächsten Beitrag.`,
    lost: (code) =>
      `Die Runde, die dieser Browser gespeichert hat, ist nicht verwendbar (${code}). Ihr Knoten beginnt sie neu.`,
    failed: (round) =>
      `Dieser Browser konnte Runde ${round} nicht speichern. Wird die Seite jetzt geschlossen, gehen ihre Schritte verloren.`,
    failedNext: 'Schaffen Sie Platz auf diesem Gerät. Ihr Knoten versucht es von selbst erneut.',
  },
  tooShort: (round, lasts, training, upload) =>
    `Runde ${round} dauert ${lasts}. Dieses Gerät braucht ${training} für seine Mindestzahl an Schritten und ${upload} zum Senden, sein Beitrag kommt also vielleicht zu spät.`,
  tooShortNext:
    'Ein Gerät, dessen Arbeit immer wieder zu spät kommt, folgt dem Lauf nur noch. Mit mehr Leistung, einem schnelleren Gerät oder einem schnelleren Netz zählt sein Beitrag.',
  part: {
    upper: (layers, of) => `Dieses Gerät trainiert die oberen Schichten des Modells (${layers} von ${of}).`,
    time: (lasts, training, upload) =>
      `Eine Runde dauert ${lasts}. Für das ganze Modell braucht dieses Gerät ${training} für seine Mindestzahl an Schritten und ${upload} zum Senden.`,
    late: 'Seine Arbeit am ganzen Modell kam immer wieder zu spät.',
    memory: 'Ihm fehlt der Speicher, um das ganze Modell zu trainieren.',
    next: 'Nichts: Seine Beiträge zählen für diese Schichten. Sobald das ganze Modell in eine Runde passt, trainiert es wieder das ganze.',
    memoryNext: 'Nichts: Seine Beiträge zählen für diese Schichten.',
    whole: 'Dieses Gerät trainiert wieder das ganze Modell.',
  },
  follows: {
    syncing: (round) => `Runde ${round} endete, als dieses Gerät noch ihre Basis holte.`,
    training: (round, steps, localSteps) =>
      `Runde ${round} endete, als dieses Gerät ${steps} von ${localSteps} Schritten gemacht hatte.`,
    sending: (round, steps) =>
      `Runde ${round} endete, als dieses Gerät ${steps} Schritte gemacht hatte und sein Delta noch sendete.`,
    rounds: (rounds) => `Es folgt dem Lauf jetzt nur noch und nimmt nach ${rounds} Runden wieder teil.`,
  },
  followsNext:
    'Nichts, oder mehr Leistung: damit nimmt es sofort wieder teil. Auch ein schnelleres Gerät oder ein schnelleres Netz hilft.',
  notFinite: (round) =>
    `Das Training in Runde ${round} ergab Zahlen, die nicht endlich sind, deshalb wurde nichts gesendet. Es geht mit der nächsten Basis weiter.`,
  kernelsChanged:
    'Die GPU, ihr Treiber oder diese Seite hat sich geändert, seit der Stand gespeichert wurde. Das Training geht weiter, aber Ergebnisse können in den letzten Stellen abweichen.',
  kernelsDemoted:
    'Ein Probeschritt zeigte, dass Ihre GPU mit einigen ihrer Programme falsch rechnet. Auf diesem Gerät ersetzen langsamere, die richtig rechnen, diese Programme.',
  next: 'Was zu tun ist:',
  fork: {
    heading: 'Dieses Relay hat zwei verschiedene Verläufe des Laufs signiert',
    what: 'Ihr Knoten hat verglichen, was das Relay jetzt sagt und was es zuvor signiert hat, und hat angehalten. Er sendet diesem Relay nichts mehr. Ein Relay, das so handelt, kann verschiedenen Knoten verschiedene Basen geben.',
    stepsWithProof: [
      'Laden Sie den Beweis herunter. Er ist nur in diesem Browser, und „Auf diesem Gerät vergessen“ löscht ihn.',
      'Senden Sie ihn den anderen Knoten und der Person, die das Relay betreibt. Er enthält Hashes und Signaturen und nichts von Ihrem Text.',
      'Tragen Sie erst wieder bei, wenn der Grund gefunden ist.',
    ],
    steps: [
      'Laden Sie beide Dateien herunter. Sie sind nur in diesem Browser, und „Auf diesem Gerät vergessen“ löscht sie.',
      'Sagen Sie es den anderen Knoten und der Person, die das Relay betreibt. Mit diesen Dateien zeigt „tapestry verify“, wo das Journal des Relays von dem abweicht, was es signiert hat.',
      'Tragen Sie erst wieder bei, wenn der Grund gefunden ist.',
    ],
    download: {
      proof: 'Beweis herunterladen',
      checkpoint: 'Prüfpunkt herunterladen',
      receipts: 'Quittungen herunterladen',
    },
    check: 'Jeder kann den Beweis prüfen, ohne Ihnen zu vertrauen:',
    details: 'Was wem widerspricht',
  },
  forget: 'Auf diesem Gerät vergessen',
  forgetHelp:
    'Löscht den Schlüssel, den gespeicherten Stand, die Gewichte, was das Relay für Sie signiert hat, Ihre Stimmen zu Texten, Ihre Einstellungen und die Dateien der Seite selbst, die diese Seite in Ihrem Browser speichert. Sonst speichert sie nichts.',
  forgotten: 'Alles, was diese Seite gespeichert hat, ist gelöscht.',
  forgetConfirm: 'Jetzt löschen',
  cancel: 'Abbrechen',
};
