import type { EntryOf } from '../../journal/entry.ts';
import { extensionMs } from '../../wire/presenter.ts';
import type { RoundEvent } from '../round.ts';

/** A command of the presenter. */
export type PresentedBody = Omit<EntryOf<'presented'>['body'], 'round'>;

/** What a command of the presenter changes in the round; null for the removal of a node. */
export function presentedEvent(action: PresentedBody['action'], time: number): RoundEvent | null {
  switch (action) {
    case 'start':
      return { type: 'held', isHeld: false, time };
    case 'pause':
      return { type: 'held', isHeld: true, time };
    case 'extend':
      return { type: 'extended', milliseconds: extensionMs, time };
    case 'end':
      return { type: 'ending', time };
    case 'remove':
      return null;
  }
}
