import type { Hash } from '../wire/hex.ts';
import type { Contribution } from './contribution.ts';
import type { Draft, Entry, EntryOf, StoredEntry } from './entry.ts';

/** The end of a journal: its last entry's sequence and hash; 0 and `noPrevious` for a journal without entries. */
export interface Head {
  readonly sequence: number;
  readonly hash: Hash;
}

/** The attempt at a round that contributions are for, and how many of them it takes. */
export interface Attempt {
  readonly round: number;
  readonly attempt: number;
  readonly target: number;
}

/** The right to append everything but contributions. `token` grows with each new leader and fences off the ones before. */
export interface Lease {
  readonly holder: string;
  readonly token: number;
}

/** The entry of an accepted contribution. */
export type Accepted = EntryOf<'contribution-accepted'>;

/**
 * `closed`: the attempt is not open, or not on that base. `full`: it has its target. `duplicate`: it has another payload
 * of this key, or another key was the first to contribute this payload to this round.
 */
export type NotAccepted = { readonly refused: 'closed' | 'full' | 'duplicate' | 'guard' };

export type Appended =
  | { readonly entries: readonly Entry[] }
  /** The journal's head was not the expected one, but this. Nothing was appended. */
  | { readonly conflict: Head }
  /** The lease is no longer the current one. Nothing was appended. */
  | { readonly fenced: true };

/**
 * The relay's journal, and its only state: an append-only log in which every entry is chained to the one before. Appended
 * entries are durable on return. A method that throws `disk.full` or `disk.failed` may or may not have appended: the
 * caller reads the entries after the last one that it knows.
 */
export interface EventLog {
  /** The entries after sequence number `after` that exist now, in order. */
  read(after: number): AsyncIterable<StoredEntry>;
  /** Like `read`, and then each entry as it is appended, until `signal` aborts or the log closes. */
  follow(after: number, signal: AbortSignal): AsyncIterable<StoredEntry>;
  /**
   * Appends contributions to the open attempt, in one transaction; any front end may call it. Answers are in the order of
   * `contributions`. The answer for a contribution that the attempt already holds is its entry, until a later attempt opens.
   */
  accept(open: Attempt, contributions: readonly Contribution[]): Promise<readonly (Accepted | NotAccepted)[]>;
  /** Appends entries right after `expected`, in one transaction; only the leader may call it. */
  append(lease: Lease, expected: Head, drafts: readonly Draft[]): Promise<Appended>;
  /** Makes `holder` the leader for `ms` milliseconds; null while there is another leader. */
  lead(holder: string, ms: number): Promise<Lease | null>;
  /** Extends a lease to `ms` milliseconds from now; false if it is no longer the current one. */
  renew(lease: Lease, ms: number): Promise<boolean>;
  /** Ends the lease of this log's leader and every `follow`. */
  close(): Promise<void>;
}
