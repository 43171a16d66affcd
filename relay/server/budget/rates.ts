/** A token bucket: `burst` at once, `perSecond` on average. Times are milliseconds of one monotonic clock. */
export class RateLimit {
  readonly #perSecond: number;
  readonly #burst: number;
  #left: number;
  #at: number;

  constructor(perSecond: number, burst: number, now: number) {
    this.#perSecond = perSecond;
    this.#burst = burst;
    this.#left = burst;
    this.#at = now;
  }

  /** Spends `cost`; false, and nothing spent, if less is left. */
  spend(now: number, cost = 1): boolean {
    if (!this.allows(now, cost)) return false;
    this.#left -= cost;
    return true;
  }

  /** True if `cost` is left to spend. */
  allows(now: number, cost = 1): boolean {
    const earned = (Math.max(0, now - this.#at) / 1000) * this.#perSecond;
    this.#left = Math.min(this.#burst, this.#left + earned);
    this.#at = now;
    return this.#left >= cost;
  }
}

/** The most keys that a set of rates remembers; it evicts the least recently used key first. */
const rememberedKeys = 65_536;

/** A RateLimit for each key, such as an address, in bounded memory. */
export class KeyedRates {
  readonly #perSecond: number;
  readonly #burst: number;
  readonly #most: number;
  readonly #rates = new Map<string, RateLimit>();

  constructor(perSecond: number, burst: number, most = rememberedKeys) {
    this.#perSecond = perSecond;
    this.#burst = burst;
    this.#most = most;
  }

  /** Spends `cost` of the key's; false, and nothing spent, if less is left. */
  spend(key: string, now: number, cost = 1): boolean {
    return this.#of(key, now).spend(now, cost);
  }

  #of(key: string, now: number): RateLimit {
    const rate = this.#rates.get(key) ?? new RateLimit(this.#perSecond, this.#burst, now);
    this.#rates.delete(key);
    this.#rates.set(key, rate);
    if (this.#rates.size > this.#most) {
      const [oldest] = this.#rates.keys();
      if (oldest !== undefined) this.#rates.delete(oldest);
    }
    return rate;
  }
}
