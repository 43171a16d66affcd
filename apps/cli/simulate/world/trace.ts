import type { Effect } from '../../../../client/contribute/session/state.ts';
import type { VirtualEntry } from '../relay/journal.ts';
import { baseHash } from './virtual-base.ts';
import type { Watcher } from './world.ts';

/** A watcher that tells each step of a world as a line, if anyone listens. `now` is the virtual time. */
export function traceOf(now: () => number, listen: ((line: string) => void) | undefined): Watcher {
  const line = (text: () => string) => listen?.(`${(now() / 1000).toFixed(3).padStart(10)}  ${text()}`);
  return {
    entry: (entry) => line(() => `journal: ${entryText(entry)}`),
    effect: ({ number }, effect) => line(() => `node ${number}: ${effectText(effect)}`),
    fault: line,
  };
}

function entryText(entry: VirtualEntry): string {
  const { kind } = entry;
  switch (kind) {
    case 'round-opened':
      return `${kind} ${entry.round}, attempt ${entry.attempt}, base ${entry.base}`;
    case 'contribution-accepted':
      return `${kind} ${entry.payload} of node ${entry.node} to round ${entry.countsIn}, entry ${entry.sequence}`;
    case 'round-committed':
      return `${kind} ${entry.round} of ${entry.contributions}${loweredText(entry)}, base ${baseHash(entry.base)}`;
    case 'round-closed':
      return `${kind} ${entry.round}, attempt ${entry.attempt}, with ${entry.contributions}`;
    case 'round-abandoned':
      return `${kind} ${entry.round}, attempt ${entry.attempt}, with ${entry.contributions}, loss ${entry.loss ?? 'not measured'}`;
    case 'evaluation-accepted':
      return `${kind} of round ${entry.body.round} by ${entry.body.key.slice(0, 8)}`;
    case 'upstream-adopted':
      return `${kind}, base ${baseHash(entry.base)} of round ${entry.round}`;
    case 'run-complete':
      return kind;
  }
}

function loweredText({ weighed }: VirtualEntry & { readonly kind: 'round-committed' }): string {
  return weighed.map(({ sequence, reason, tokens }) => `, ${sequence} ${reason} ${tokens}`).join('');
}

function effectText(effect: Effect): string {
  switch (effect.kind) {
    case 'tell':
      return `tells ${effect.event.event}${effect.event.event === 'refused' ? ` ${effect.event.code}` : ''}`;
    case 'sync':
    case 'train':
      return `${effect.kind} round ${effect.round.round}`;
    case 'offer':
    case 'upload':
    case 'discard':
      return `${effect.kind} ${effect.payload}`;
    case 'accept':
      return `accept ${effect.payload}, entry ${effect.sequence ?? 'unknown'}`;
    case 'wait':
      return `wait ${effect.milliseconds} ms`;
    case 'end':
      return `end: ${effect.reason}`;
    default:
      return effect.kind;
  }
}
