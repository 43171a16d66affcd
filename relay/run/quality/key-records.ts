import type { NodeKey } from '../../wire/hex.ts';
import { faded, fresh, type Mark, marked } from './reputation.ts';

/** What the committed rounds say of a key. */
export interface KeyRecord {
  readonly reputation: number;
  /** See `Claim.pace`. */
  readonly pace: number | null;
}

/** What a commit says of a contribution. */
export interface KeyRound {
  readonly key: NodeKey;
  readonly mark: Mark;
  readonly elapsedMs: number;
  /** The tokens that counted. */
  readonly tokens: number;
}

/** The record of each key, from the journal alone. The cost of a contribution does not grow with the run. */
export class KeyRecords {
  /** `round`: the last one in which the key had a mark. */
  readonly #records = new Map<NodeKey, KeyRecord & { readonly round: number }>();

  /** The key's record before `round`, which follows the last committed one. */
  before(round: number, key: NodeKey): KeyRecord {
    const record = this.#records.get(key);
    if (record === undefined) return { reputation: fresh, pace: null };
    let { reputation } = record;
    for (let passed = record.round + 1; passed < round && reputation !== fresh; passed++)
      reputation = faded(reputation);
    return { reputation, pace: record.pace };
  }

  /** `round` was committed with these contributions. */
  committed(round: number, contributions: Iterable<KeyRound>): void {
    for (const { key, mark, elapsedMs, tokens } of contributions) {
      const { reputation, pace } = this.before(round, key);
      const own = tokens > 0 ? elapsedMs / tokens : Number.POSITIVE_INFINITY;
      const fastest = Math.min(own, pace ?? Number.POSITIVE_INFINITY);
      this.#records.set(key, {
        reputation: marked(reputation, mark),
        pace: Number.isFinite(fastest) ? fastest : null,
        round,
      });
    }
  }
}
