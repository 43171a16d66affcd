import type { Messages } from '../catalogue.ts';
import { plural } from './grammar.ts';

/** Every text of the dashboard, in German. */
export const dashboardWords: Messages['dashboard'] = {
  description: 'Ein Lauf von Tapestry, während er geschieht: Knoten, Runden und Loss.',
  title: 'Übersicht – Tapestry',
  fullScreen: 'Vollbild',
  leaveFullScreen: 'Vollbild verlassen',
  facts: (parameters, rounds, steps) =>
    [
      plural(parameters, { one: '# Parameter · ', other: '# Parameter · ' }),
      plural(rounds, { one: '# Runde mit ', other: '# Runden mit ' }),
      plural(steps, { one: '# lokalen Schritt', other: '# lokalen Schritten' }),
    ].join(''),
  upper: (layers, of) =>
    `Langsame Geräte dürfen allein die oberen Schichten trainieren (${layers} von ${of})`,
  upstream: {
    following: (round) =>
      round === 0
        ? 'Folgt einem übergeordneten Relay'
        : `Basis eines übergeordneten Relays, nach dessen Runde ${round}`,
    alone: (round) =>
      round === 0
        ? 'Arbeitet ohne sein übergeordnetes Relay'
        : `Arbeitet ohne sein übergeordnetes Relay seit der Basis von dessen Runde ${round}`,
  },
  round: 'Runde',
  ofRounds: (rounds) => `von ${rounds}`,
  phases: {
    waiting: 'Wartet auf Knoten',
    training: 'Training',
    grace: 'Letzte Beiträge',
    complete: 'Abgeschlossen',
  },
  waitingFor: (nodes, quorum) =>
    plural(quorum, { one: `${nodes} von # nötigen Knoten`, other: `${nodes} von # nötigen Knoten` }),
  contributions: 'Beiträge',
  ofTarget: (target) => `von ${target}`,
  timeLeft: 'Restzeit',
  completeHeading: (done, rounds) =>
    done === rounds
      ? plural(rounds, { one: 'Die Runde ist abgeschlossen', other: 'Alle # Runden sind abgeschlossen' })
      : plural(rounds, {
          one: 'Der Lauf endete vor dem Abschluss seiner Runde',
          other: `Der Lauf endete nach ${done} von # Runden`,
        }),
  completeLoss: (from, to) => `Loss auf zurückgehaltenem Text ${from} → ${to}, wie die Knoten ihn melden`,
  completeProbe: (loss) => `Loss ${loss}, vom Relay gemessen`,
  nodes: 'Knoten',
  noNodes: 'Noch ist kein Knoten beigetreten. Sie erscheinen hier, sobald sie beitreten.',
  nodesGone: 'Alle Knoten sind gegangen.',
  showAll: (count) => plural(count, { one: 'Alle zeigen (#)', other: 'Alle # zeigen' }),
  showFewer: 'Weniger zeigen',
  lossShort: 'Loss',
  reported: 'Loss, Schritte, Token, Geschwindigkeit und Downloads sind, wie die Knoten sie melden.',
  rate: (tokens) => `${tokens}/s`,
  nodeSteps: (done, steps) => `Schritt ${done} von ${steps}`,
  nodeUpper: 'trainiert die oberen Schichten',
  nodeMoved: (sent, received) => `${sent} gesendet, ${received} empfangen`,
  totals: 'Gemeinsam',
  tokens: 'Token',
  tokensPerSecond: 'Gemeldete Token/s',
  accepted: 'Angenommene Beiträge',
  moved: 'Übertragene Bytes',
  less: (times) => `${times} weniger als datenparalleles Training`,
  dataParallel: (bytes) => `Der Austausch der Gradienten nach jedem Schritt hätte ${bytes} übertragen.`,
  base: 'Basis',
  baseFile: (size) => `${size} an 32-Bit-Gleitkommazahlen`,
  verify: 'Wer die Beiträge lesen darf, kann diese Basis Bit für Bit neu herleiten:',
  audit: 'In diesem Browser prüfen',
  sample: 'Text, den die Basis schreibt',
  sampleRound: (round) => (round === 0 ? 'vor der ersten Runde' : `nach Runde ${round}`),
  noSample: 'Text, den das Modell schreibt, erscheint hier nach den ersten Runden.',
  join: 'Beitreten',
  joinHow: 'Scannen, oder in einem Browser mit WebGPU öffnen:',
  joinSteps: [
    'Scannen Sie den Code oder öffnen Sie die Adresse',
    'Wählen Sie einen Text: Er bleibt auf Ihrem Gerät',
    'Drücken Sie Start',
  ],
  certificate: 'Das Zertifikat des Relays in vier Wörtern, die auch sein Terminal zeigt:',
  joinClosed: 'Dieser Lauf ist abgeschlossen. Das Relay stellt seine Basis unter ihrem Hash bereit.',
  qr: (address) => `QR-Code von ${address}`,
  localOnly:
    'Diese Adresse gilt nur auf diesem Gerät. Für andere Geräte starten Sie das Relay mit --host 0.0.0.0 --tls auto.',
  insecure: 'Browser auf anderen Geräten brauchen https für WebGPU. Starten Sie das Relay mit --tls auto.',
};
