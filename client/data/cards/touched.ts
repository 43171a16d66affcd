import { printable, TapestryError } from '../../errors.ts';
import type { Lineage } from '../../formats/lineage/lineage.ts';
import { type DataFile, dataOf } from '../../formats/lineage/record.ts';
import { type DataEntry, revokedHashes } from './data-entry.ts';

/** All files of data that a model or one of its ancestors was made with. */
export function allDataOf({ record, ancestors }: Lineage): readonly DataFile[] {
  return [record, ...ancestors.map((ancestor) => ancestor.record)].flatMap(dataOf);
}

/** Those of them that were revoked, by themselves or with their card. */
export function revokedIn(lineage: Lineage, revoked: ReadonlySet<string>): readonly DataFile[] {
  return allDataOf(lineage).filter(
    ({ hash, card }) => revoked.has(hash) || (card !== null && revoked.has(card)),
  );
}

/** Throws `card.revoked` if a model that is built on is itself built on revoked data. */
export function requireUnrevoked(lineage: Lineage | null, name: string, revoked: ReadonlySet<string>): void {
  const [found] = lineage === null ? [] : revokedIn(lineage, revoked);
  if (found === undefined) return;
  throw new TapestryError(
    'card.revoked',
    `${printable(name)} is built on ${printable(found.name)}, which was revoked.`,
    'Build it again without (tapestry revoke prints the command), and name the result with --base.',
  );
}

/**
 * Checks that a model may leave this machine; `entries` are the journal of the data's uses. `acknowledged` lets it where it is built on revoked data.
 * @throws TapestryError `card.revoked`, or `card.export` for data whose card does not let what is built on it leave
 */
export function requireExport(
  lineage: Lineage | null,
  entries: readonly DataEntry[],
  acknowledged: boolean,
): void {
  if (lineage === null) return;
  const [revoked] = revokedIn(lineage, revokedHashes(entries));
  if (revoked !== undefined && !acknowledged)
    throw new TapestryError(
      'card.revoked',
      `The model is built on ${printable(revoked.name)}, which was revoked.`,
      'Build it again without (tapestry revoke prints the command), or pass --acknowledge if who revoked it agrees.',
    );
  const cards = new Map(
    entries.flatMap((entry) =>
      entry.event === 'used' && entry.card ? [[entry.card.hash, entry.card.uses] as const] : [],
    ),
  );
  for (const { name, card } of allDataOf(lineage)) {
    if (card === null || cards.get(card)?.includes('export')) continue;
    throw new TapestryError(
      'card.export',
      cards.has(card)
        ? `The model is built on ${printable(name)}, whose data card does not let it leave this machine.`
        : `The model is built on ${printable(name)}, whose data card was never seen here.`,
      cards.has(card)
        ? 'Use it here, or let a new card with uses: [build, export] say that it may leave, and build again.'
        : 'Export it on the machine that built it.',
    );
  }
}
