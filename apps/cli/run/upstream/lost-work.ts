import { TapestryError } from '../../../../client/errors.ts';
import { checkEntry, type StoredEntry } from '../../../../relay/journal/entry.ts';
import { sentWorkFile } from './sent-work.ts';

/**
 * Whether the upstream run has accepted a contribution of `key` (hex) that is in none of the bases which its first `round` rounds made, so that
 * the own run cannot tell from its adopted base what that contribution held. `journal` is the upstream run's. Throws EntryError.
 */
export async function hasWorkSince(
  journal: AsyncIterable<StoredEntry>,
  key: string,
  round: number,
): Promise<boolean> {
  let previous: StoredEntry | null = null;
  let committed = 0;
  let isOpen = false;
  for await (const stored of journal) {
    const { kind, body } = checkEntry(stored, previous);
    previous = stored;
    if (kind === 'contribution-accepted' && body.key === key) isOpen = true;
    if (kind === 'round-committed') {
      committed++;
      if (isOpen && committed > round) return true;
    }
    // What an abandoned attempt had accepted does not count.
    if (kind === 'round-committed' || kind === 'round-opened') isOpen = false;
  }
  return isOpen;
}

/** The relay cannot know which of its rounds the upstream run holds. `run` is the upstream run's id, hex. */
export function lostWork(run: string): TapestryError {
  return new TapestryError(
    'upstream.lost-work',
    `The upstream run holds work of this relay, and ${sentWorkFile(run)}, which says of which rounds, is lost.`,
    'Put the file back from a copy. Until then this run goes on alone, because that work could count twice.',
  );
}
