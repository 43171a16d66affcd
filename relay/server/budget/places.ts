/** Which limit is reached: of the one who asks, or of all together. */
export type Full = 'each' | 'all';

/** A place that is taken. */
export interface Place {
  /** From now on the place is never taken away for another. */
  pin(): void;
  /** Frees the place; further calls do nothing. */
  leave(): void;
}

interface Taken {
  readonly key: string;
  /** Ends the work that has the place; null for work that is never ended for another's. */
  giveWay: (() => void) | null;
}

export interface PlacesOptions {
  /** The most places taken at a time, in all and of one key. */
  readonly most: number;
  readonly mostEach: number;
  /** How many of all places only members get. */
  readonly reserved?: number;
}

/**
 * Limits the number of places taken at a time, in all and for each key, such as an address. While all are taken, a key that
 * has few gets the oldest place of the key that has the most: nobody shuts out others by being first.
 */
export class Places {
  readonly #most: number;
  readonly #mostEach: number;
  readonly #reserved: number;
  /** The places of each key, the oldest first. */
  readonly #taken = new Map<string, Set<Taken>>();
  #count = 0;

  constructor({ most, mostEach, reserved = 0 }: PlacesOptions) {
    this.#most = most;
    this.#mostEach = mostEach;
    this.#reserved = reserved;
  }

  get count(): number {
    return this.#count;
  }

  /** Takes a place. `giveWay` is called when another gets it; without it the place is pinned. */
  take(key: string, giveWay: (() => void) | null = null, isMember = false): Place | Full {
    const own = this.#taken.get(key)?.size ?? 0;
    if (own >= this.#mostEach) return 'each';
    const most = isMember ? this.#most : this.#most - this.#reserved;
    if (this.#count >= most && !this.#makeRoom(own)) return 'all';
    const taken: Taken = { key, giveWay };
    const places = this.#taken.get(key) ?? new Set();
    this.#taken.set(key, places.add(taken));
    this.#count++;
    return {
      pin: () => {
        taken.giveWay = null;
      },
      leave: () => this.#leave(taken),
    };
  }

  /** Frees the oldest place of the key with the most, if that has at least two more than `own`. */
  #makeRoom(own: number): boolean {
    let largest: Set<Taken> | null = null;
    for (const places of this.#taken.values()) {
      if (places.size > (largest?.size ?? own + 1)) largest = places;
    }
    for (const taken of largest ?? []) {
      const { giveWay } = taken;
      if (giveWay === null) continue;
      this.#leave(taken);
      giveWay();
      return true;
    }
    return false;
  }

  #leave(taken: Taken): void {
    const places = this.#taken.get(taken.key);
    if (places?.delete(taken) !== true) return;
    this.#count--;
    if (places.size === 0) this.#taken.delete(taken.key);
  }
}
