import { TapestryError } from '../../client/errors.ts';
import { checkEntry, EntryError, type StoredEntry } from '../journal/entry.ts';
import { Replay } from '../journal/replay.ts';
import { type Hash, toHex } from '../wire/hex.ts';
import { manifestSignedBytes, verifySignature } from '../wire/signatures.ts';
import type { VerifySource } from './source.ts';

/** The bases that a run's journal names. */
export interface CommittedBases {
  /** The run's id: the hash of its manifest. */
  readonly run: Hash;
  readonly relayKey: Hash;
  /** The base of each round, that which the run began with as round 0. */
  readonly bases: readonly Hash[];
}

/**
 * Reads a run's journal: its chain, its rules, the manifest's signature and the bases that it commits. No base is derived
 * again, which `verifyRun` does. Memory is O(rounds + nodes).
 * @throws TapestryError `verify.journal` for an entry that cannot be the relay's, and the errors of the source
 */
export async function committedBases(source: Pick<VerifySource, 'journal'>): Promise<CommittedBases> {
  let previous: StoredEntry | null = null;
  let replay: Replay | null = null;
  try {
    for await (const stored of source.journal()) {
      const entry = checkEntry(stored, previous);
      previous = stored;
      if (replay !== null) {
        replay.apply(entry);
        continue;
      }
      replay = Replay.begin(entry);
      const { manifest, manifestBytes, manifestSignature } = replay.run;
      if (!(await verifySignature(manifest.relayKey, manifestSignedBytes(manifestBytes), manifestSignature)))
        throw new EntryError(
          entry.sequence,
          'body.signature',
          'is not the relay’s signature of the manifest',
        );
    }
  } catch (cause) {
    if (!(cause instanceof EntryError)) throw cause;
    throw changed(`${cause.place} ${cause.message}`, cause);
  }
  if (replay === null) throw changed('it has no entry');
  const { id, manifest } = replay.run;
  const committed = replay.history.map(({ base }) => base);
  return {
    run: id,
    relayKey: toHex(manifest.relayKey),
    bases: [toHex(manifest.initialBase), ...committed],
  };
}

function changed(what: string, cause?: unknown): TapestryError {
  return new TapestryError(
    'verify.journal',
    `The journal is not as a relay writes it: ${what}.`,
    'Check the whole run with `tapestry verify`, or read the journal from another place.',
    { cause },
  );
}
