import { RefusalCode } from '../../relay/wire/tapestry_pb.js';
import { TapestryError } from '../errors.ts';

/**
 * What a node does about each thing a relay can refuse:
 * `end` stops for a person; `drop` gives up this round's delta and goes on with the next round; `accepted` takes it as
 * acknowledged; `reconnect` tries the same again over a new connection; `tell` only says it.
 */
export type Answer = 'end' | 'drop' | 'accepted' | 'reconnect' | 'tell';

const answers: Readonly<Record<RefusalCode, Answer>> = {
  [RefusalCode.UNSPECIFIED]: 'tell',
  [RefusalCode.MALFORMED]: 'drop',
  [RefusalCode.OUT_OF_LIMIT]: 'drop',
  [RefusalCode.UNEXPECTED]: 'drop',
  [RefusalCode.WRONG_PROTOCOL]: 'end',
  [RefusalCode.WRONG_RUN]: 'end',
  [RefusalCode.BAD_TOKEN]: 'end',
  [RefusalCode.BAD_SIGNATURE]: 'end',
  [RefusalCode.ALREADY_CONNECTED]: 'end',
  // Of a join it ends the session, as every refusal does; of an offer it means that the relay holds too many now.
  [RefusalCode.TOO_MANY]: 'drop',
  [RefusalCode.STALE_BASE]: 'drop',
  [RefusalCode.WRONG_ROUND]: 'drop',
  [RefusalCode.DUPLICATE]: 'accepted',
  [RefusalCode.BAD_HASH]: 'drop',
  [RefusalCode.BAD_PAYLOAD]: 'drop',
  [RefusalCode.NORM_EXCEEDED]: 'drop',
  [RefusalCode.NOT_FINITE]: 'drop',
  [RefusalCode.STORAGE]: 'reconnect',
  [RefusalCode.TOO_LATE]: 'drop',
  [RefusalCode.TIMEOUT]: 'reconnect',
};

/** A refusal of the join itself leaves nothing to go on with, whatever its code, unless trying again can help. */
export function answerTo(code: RefusalCode, joining: boolean): Answer {
  const answer = answers[code];
  return joining && answer !== 'reconnect' ? 'end' : answer;
}

/** STALE_BASE is `stale-base`: the form that events and error codes use. */
export function refusalName(code: RefusalCode): string {
  return RefusalCode[code].toLowerCase().replaceAll('_', '-');
}

const explained: Partial<Record<RefusalCode, readonly [message: string, next: string]>> = {
  [RefusalCode.WRONG_PROTOCOL]: [
    'The relay speaks another version of the protocol.',
    'Use the version of Tapestry that the relay runs.',
  ],
  [RefusalCode.WRONG_RUN]: [
    'The relay serves another run than the one asked for.',
    'Check --run, or leave it out to join the run that the relay serves.',
  ],
  [RefusalCode.BAD_TOKEN]: [
    'The relay did not accept the join token.',
    'Pass the token that the relay printed when it started: --token TOKEN.',
  ],
  [RefusalCode.BAD_SIGNATURE]: [
    'The relay could not verify the signature of this node.',
    'Remove identity.json from the data folder to make a new key, then join again.',
  ],
  [RefusalCode.ALREADY_CONNECTED]: [
    'The same key joined again elsewhere.',
    'Give every node a data folder of its own: --data FOLDER.',
  ],
  [RefusalCode.TOO_MANY]: [
    'The relay has as many nodes as it takes.',
    'Join later, or ask its operator to raise the limit.',
  ],
};

/** The error that ends a session after a refusal that nothing but a person can mend. */
export function refusalError(code: RefusalCode): TapestryError {
  const name = refusalName(code);
  const [message, next] = explained[code] ?? [
    `The relay refused this node: ${name}.`,
    'Use the version of Tapestry that the relay runs; if it is the same, report this code.',
  ];
  return new TapestryError(`relay.${name}`, message, next);
}
