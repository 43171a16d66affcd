import { formatClock } from '../../ui/format.ts';
import { messages } from '../../ui/messages.ts';
import type { Away } from './away.ts';
import type { PauseReason } from './pause-reason.ts';

const words = messages.contribute.away.reasons;

/** Why the node pauses and when it goes on, in words. */
function textOf(reason: PauseReason): string {
  switch (reason.kind) {
    case 'timed':
    case 'weekly':
      return words[reason.kind](formatClock(reason.until, Date.now()));
    case 'in-use':
      return words[reason.where];
    case 'person':
    case 'battery':
      return words[reason.kind];
  }
}

/** The reason of a pause; nothing while the node trains. */
export function Reason({ away }: { away: Away }) {
  const reason = away.reason.value;
  return reason === null ? null : <p class="ends">{textOf(reason)}</p>;
}
