/** The attempt at a round that took a contribution. */
interface Attempt {
  readonly round: number;
  readonly attempt: number;
}

/**
 * The newest contribution of each key, and whether it counts: a node whose receipt was lost has no other one without an answer, so its
 * offer can be answered with the receipt however many rounds later it comes. Memory is O(keys + rounds), and each call O(1).
 */
export class NewestContributions<Key, Accepted> {
  readonly #newest = new Map<Key, Attempt & { readonly accepted: Accepted }>();
  /** By round, from 1: the attempt that made its base. */
  readonly #attempts: number[] = [];

  /** A contribution of the key was accepted into the attempt. */
  accepted(key: Key, accepted: Accepted, { round, attempt }: Attempt): void {
    this.#newest.set(key, { accepted, round, attempt });
  }

  /** The attempt made the base of its round. */
  committed({ round, attempt }: Attempt): void {
    this.#attempts[round] = attempt;
  }

  /** The key's newest contribution, and the attempt in which it counts; undefined where that made no base, or none yet. */
  of(key: Key): (Attempt & { readonly accepted: Accepted }) | undefined {
    const newest = this.#newest.get(key);
    return newest !== undefined && this.#attempts[newest.round] === newest.attempt ? newest : undefined;
  }
}
