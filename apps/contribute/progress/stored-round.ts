import type { ContributorEvent } from '../../../client/contribute/events.ts';
import { messages } from '../../ui/messages.ts';
import { addNotice, endNotices, type Notice } from './notice-list.ts';

/** What the events of a stored round change of the view. */
interface StoredRoundView {
  readonly step: number;
  readonly notices: readonly Notice[];
}

type StoredRoundEvent = Extract<
  ContributorEvent,
  { event: 'snapshot' | 'snapshot-failed' | 'round-resumed' | 'round-returned' | 'round-lost' }
>;

const words = messages.contribute.storedRound;

/** The view after an event of the round that this browser stores while it is trained. */
export function withStoredRound(
  { step, notices }: StoredRoundView,
  event: StoredRoundEvent,
): StoredRoundView {
  const add = (kind: string, tone: Notice['tone'], text: string, next: string | null = null) =>
    addNotice(notices, { kind, tone, text, next });
  switch (event.event) {
    case 'snapshot':
      return { step, notices: endNotices(notices, ['snapshot-failed']) };
    case 'snapshot-failed':
      return { step, notices: add(event.event, 'warn', words.failed(event.round), words.failedNext) };
    case 'round-resumed':
      return {
        step: event.step,
        notices: add('stored-round', 'note', words.resumed(event.round, event.step)),
      };
    case 'round-returned':
      return { step, notices: add('stored-round', 'note', words.returned(event.round, event.steps)) };
    case 'round-lost':
      return { step, notices: add('stored-round', 'warn', words.lost(event.reason)) };
  }
}
