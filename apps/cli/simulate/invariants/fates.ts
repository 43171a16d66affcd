import type { VirtualEntry } from '../relay/journal.ts';
import { broken } from './invariant.ts';

/** Checks that each sequence that was acknowledged is in its base once, or in an attempt that the entries call abandoned. */
export function checkFates(entries: readonly VirtualEntry[], acknowledged: Iterable<number>): void {
  const fates = new Map<string, 'applied' | 'abandoned'>();
  for (const entry of entries) {
    if (entry.kind === 'round-committed') fates.set(`${entry.round}`, 'applied');
    if (entry.kind === 'round-abandoned') fates.set(`${entry.round}.${entry.attempt}`, 'abandoned');
  }
  for (const sequence of acknowledged) {
    const entry = entries[sequence - 1];
    if (entry?.kind !== 'contribution-accepted')
      broken('exactly-once', `entry ${sequence} was acknowledged and is not in the journal`);
    const fate = fates.get(`${entry.countsIn}.${entry.attempt}`) ?? fates.get(`${entry.countsIn}`);
    if (fate === undefined) broken('exactly-once', `entry ${sequence} is neither applied nor refused`);
  }
}
