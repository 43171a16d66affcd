import type { ContributorEvent } from '../../../client/contribute/events.ts';
import { messages } from '../../ui/messages.ts';
import { addNotice, endNotices, type Notice } from './notice-list.ts';

/** The part of the view that changes with what this browser stores of a node's work. */
interface StoredView {
  readonly step: number;
  readonly notices: readonly Notice[];
}

type StoredEvent = Extract<
  ContributorEvent,
  {
    event:
      | ('restored' | 'fresh')
      | ('snapshot' | 'snapshot-failed' | 'round-resumed' | 'round-returned' | 'round-lost');
  }
>;

const words = messages.contribute.storedRound;

/** The view after an event of the state that this browser stores, or of the round that it stores while it is trained. */
export function withStored({ step, notices }: StoredView, event: StoredEvent): StoredView {
  const add = (kind: string, tone: Notice['tone'], text: string, next: string | null = null) =>
    addNotice(notices, { kind, tone, text, next });
  switch (event.event) {
    case 'restored':
    case 'fresh':
      return { step, notices };
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
