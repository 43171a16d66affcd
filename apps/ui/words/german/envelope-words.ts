import type { Messages } from '../catalogue.ts';

/** The texts of the messages that a tab sent, opened, and of what can be guessed from a delta, in German. */
export const envelopeWords: Messages['envelope'] = {
  open: 'Öffnen',
  close: 'Schließen',
  help: (each, size) =>
    `Die Bytes, wie sie diesen Tab verließen, gelesen nach demselben Schema wie vom Relay. Die neuesten ${each} jeder Art lassen sich öffnen, und ${size} an Stücken.`,
  message: 'Nachricht',
  entry: (time, size) => `${time}, ${size}`,
  gone: 'Diese Nachricht ist in diesem Tab nicht mehr gespeichert.',
  field: 'Feld',
  value: 'Wert',
  bytes: 'Bytes',
  header: 'Nummer und Länge der Nachricht',
  total: 'Insgesamt',
  moreBytes: (size) => `und ${size} mehr`,
  delta: 'Das Delta, das die Stücke tragen',
  opening: 'Das Delta wird gelesen und angegriffen …',
  noDelta: {
    dropped: 'Ein Teil dieses Deltas ist noch nicht gesendet oder in diesem Tab nicht mehr gespeichert.',
    'no-run': 'Dieses Delta gehört zu einem früheren Lauf.',
  },
  carried: (round, size) => `Das Delta der Runde ${round}, ${size}.`,
  asOffered: 'Sein SHA-256 ist der, den das Angebot nennt.',
  notAsOffered: 'Sein SHA-256 ist nicht der, den das Angebot nennt.',
  picture: 'Was das Delta ändert, Tensor für Tensor',
  pictureHelp: 'Je kräftiger die Farbe, desto größer die Änderung; Zellen ohne Farbe sind null.',
  tensor: 'Tensor',
  changed: 'Werte ungleich null',
  norm: 'Norm',
  whole: 'Alle Tensoren',
  guesses: 'Was sich daraus erraten ließe',
  guessesHelp:
    'Bekannte Angriffe, in diesem Tab auf Ihr eigenes Delta angewandt. Wer das Delta liest, kann sie auch anwenden. Die Ergebnisse und Ihr Text bleiben hier.',
  tokens: 'Welche Token Ihr Text hat',
  named: 'Token, die der Angriff nennt',
  precision: 'Davon in Ihrem Text (Präzision)',
  recall: 'Von Ihren Token genannt (Trefferquote)',
  blind: 'Präzision blinden Ratens',
  separation: 'Ihre Token stehen vor anderen in',
  separationHelp: 'Die letzte Zahl wäre 50 %, wenn das Delta nichts über die Token verriete.',
  surest: 'Am sichersten geraten:',
  right: '(richtig)',
  wrong: '(falsch)',
  frequencies: 'Wie oft Ihr Text sie hat',
  frequenciesAre: (correlation) =>
    `Die geratene Reihenfolge Ihrer Token stimmt mit der wahren zu ${correlation} überein. 1 ist dieselbe Reihenfolge, 0 gar keine Übereinstimmung.`,
  frequenciesNone: 'Das Delta verrät keine Reihenfolge.',
  text: 'Was Ihr Text sagt, Wort für Wort',
  textMany: (tokens, width) =>
    `In diesem Tab nicht versucht. Ein veröffentlichter Angriff, DAGER (2024), schreibt ganze Texte aus, wo ein Delta weniger Token hat, als das Modell breit ist. Dieses Delta hat ${tokens} Token, und das Modell ist ${width} breit: So, wie er ist, gelingt der Angriff hier nicht.`,
  textFew: (tokens, width) =>
    `In diesem Tab nicht versucht. Ein veröffentlichter Angriff, DAGER (2024), schreibt ganze Texte aus, wo ein Delta weniger Token hat, als das Modell breit ist. Dieses Delta hat nur ${tokens} Token, und das Modell ist ${width} breit: Ein solcher Angriff kann Ihren Text vielleicht ausschreiben.`,
  textCaveat:
    'Das beweist keine Sicherheit. Angriffe werden besser, ein Leser kann die Deltas vieler Runden zusammennehmen, und Text, der sich wiederholt, wird auswendig gelernt: In einem Versuch wurde ein Satz, der sich immerzu wiederholte, Wort für Wort ausgeschrieben.',
};
