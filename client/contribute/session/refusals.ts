import { codeName } from '../../../relay/wire/code-name.ts';
import { RefusalCode } from '../../../relay/wire/tapestry_pb.js';
import { TapestryError } from '../../errors.ts';

/**
 * A node's answer to a refusal: `end` stops until a person acts; `drop` drops this round's delta and waits for the
 * next round; `retain` waits with it until the round is over, or opens again; `accepted` treats the contribution as acknowledged; `spent` goes on from
 * the residual as if it were, but nothing of it counts; `reconnect` tries the same over a new connection; `tell` only reports it.
 */
export type Answer = 'end' | 'drop' | 'retain' | 'accepted' | 'spent' | 'reconnect' | 'tell';

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
  [RefusalCode.TOO_MANY]: 'drop',
  [RefusalCode.STALE_BASE]: 'drop',
  [RefusalCode.WRONG_ROUND]: 'drop',
  [RefusalCode.DUPLICATE]: 'accepted',
  [RefusalCode.BAD_HASH]: 'drop',
  [RefusalCode.BAD_PAYLOAD]: 'drop',
  [RefusalCode.NORM_EXCEEDED]: 'drop',
  [RefusalCode.NOT_FINITE]: 'drop',
  [RefusalCode.STORAGE]: 'reconnect',
  [RefusalCode.TOO_LATE]: 'retain',
  [RefusalCode.TIMEOUT]: 'reconnect',
  [RefusalCode.REMOVED]: 'end',
  [RefusalCode.GUARD]: 'spent',
};

/** A refusal of the join is final, unless waiting can help: storage may recover, or nodes may leave a full relay. */
export function answerTo(code: RefusalCode, joining: boolean): Answer {
  const answer = answers[code];
  if (!joining || answer === 'reconnect') return answer;
  return code === RefusalCode.TOO_MANY ? 'reconnect' : 'end';
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
    'Join again with the same key. If the relay refuses it again, use the version of Tapestry that the relay runs. Do not delete identity.json: it is your place in the run.',
  ],
  [RefusalCode.ALREADY_CONNECTED]: [
    'Another node joined with the same key.',
    'Give every node a data folder of its own: --data FOLDER.',
  ],
  [RefusalCode.REMOVED]: [
    'The presenter of this run removed this node.',
    'Ask whoever runs it why. What this node contributed before stays in the base.',
  ],
  [RefusalCode.TOO_MANY]: [
    'The relay is full: it has reached its limit of nodes.',
    'The node retries automatically. To get in sooner, ask the operator of the relay to raise the limit.',
  ],
};

/** A refusal as an error with the next action. */
export function refusalError(code: RefusalCode): TapestryError {
  const name = codeName(code);
  const [message, next] = explained[code] ?? [
    `The relay refused this node: ${name}.`,
    'Use the version of Tapestry that the relay runs; if it is the same, report this code.',
  ];
  return new TapestryError(`relay.${name}`, message, next);
}
