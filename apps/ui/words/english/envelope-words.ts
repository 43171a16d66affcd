import { plural } from './grammar.ts';

/** The texts of the messages that a tab sent, opened, and of what can be guessed from a delta. */
export const envelopeWords = {
  open: 'Open',
  close: 'Close',
  help: (each: number, size: string) =>
    `The bytes as they left this tab, read by the same schema as the relay reads them. The newest ${each} of each type can be opened, and ${size} of chunks.`,
  message: 'Message',
  entry: (time: string, size: string) => `${time}, ${size}`,
  gone: 'This message is not stored in this tab any more.',
  field: 'Field',
  value: 'Value',
  bytes: 'Bytes',
  header: 'Number and length of the message',
  total: 'Total',
  moreBytes: (bytes: number) => plural(bytes, { one: 'and # more byte', other: 'and # more bytes' }),
  delta: 'The delta that the chunks carry',
  opening: 'Reading the delta and attacking it…',
  noDelta: {
    dropped: 'A part of this delta is not sent yet, or not stored in this tab any more.',
    'no-run': 'This delta belongs to an earlier run.',
  },
  carried: (messages: number, round: number, size: string) =>
    `${plural(messages, { one: '# chunk carries', other: '# chunks carry' })} the delta of round ${round}: ${size}.`,
  asOffered: 'Its SHA-256 is the one that the offer names.',
  notAsOffered: 'Its SHA-256 is not the one that the offer names.',
  picture: 'What the delta changes, tensor by tensor',
  pictureHelp: 'The stronger the colour, the larger the change there; cells without colour are zero.',
  tensor: 'Tensor',
  changed: 'Values not zero',
  norm: 'Norm',
  whole: 'All tensors',
  guesses: 'What could be guessed from it',
  guessesHelp:
    'Known attacks, run in this tab on your own delta. Whoever reads the delta can run them too. The results and your text stay here.',
  tokens: 'Which tokens your text has',
  guessed: (guessed: number, vocabulary: number, right: number) =>
    `The attack names ${guessed} of the ${plural(vocabulary, { one: '# token', other: '# tokens' })} of the vocabulary; ${plural(right, { one: '# of these is in your text', other: '# of these are in your text' })}.`,
  precision: 'Right guesses (precision)',
  recall: 'Found of your tokens (recall)',
  blind: 'Right if guessed blindly',
  separation: 'A token of yours ranks above another one in',
  separationHelp: 'At 50% the delta would tell nothing about the tokens.',
  surest: 'The surest guesses:',
  right: '(right)',
  wrong: '(wrong)',
  frequencies: 'How often your text has them',
  frequenciesAre: (correlation: string) =>
    `The guessed order of your tokens agrees with the true order by ${correlation}. 1 is the same order, 0 is none in common.`,
  frequenciesNone: 'The delta does not tell an order.',
  text: 'What your text says, word for word',
  textTooMany: (tokens: string, width: number) =>
    `Not tried in this tab. A published attack, DAGER (2024), writes whole texts out where a delta has fewer tokens than the model is wide. This delta has ${tokens} tokens, and the model is ${width} wide: the attack does not work on it as it is.`,
  textFew: (tokens: string, width: number) =>
    `Not tried in this tab. A published attack, DAGER (2024), writes whole texts out where a delta has fewer tokens than the model is wide. This delta has only ${tokens} tokens, and the model is ${width} wide: such an attack may write your text out.`,
  textCaveat:
    'That proves no safety. Attacks become better, a reader can put the deltas of many rounds together, and text that repeats itself is learnt by heart: in a test, a sentence that was repeated over and over was written out word for word.',
} as const;
