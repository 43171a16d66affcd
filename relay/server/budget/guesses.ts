export interface GuessLimits {
  /** Wrong tokens of an address that are answered at once, and how many a second are forgiven. */
  readonly wrongTokenBurst: number;
  readonly wrongTokensPerSecond: number;
  /** The longest delay, in milliseconds. */
  readonly wrongTokenDelay: number;
}

/** The first delay, in milliseconds; each further wrong token doubles it. */
const firstDelay = 250;

/** The most addresses that are remembered; the one that guessed least recently is forgotten first. */
const rememberedAddresses = 65_536;

/**
 * Wrong tokens by address. The answer to one is delayed, longer with each that the address sent lately. Nothing else is
 * refused: a right token of the same address, such as of another person behind one NAT, is answered at once.
 */
export class Guesses {
  readonly #limits: GuessLimits;
  readonly #wrong = new Map<string, { times: number; at: number }>();

  constructor(limits: GuessLimits) {
    this.#limits = limits;
  }

  /** Counts a wrong token of the address at `now`; the milliseconds after which to answer it. */
  delayOf(address: string, now: number): number {
    const { wrongTokenBurst, wrongTokensPerSecond, wrongTokenDelay } = this.#limits;
    const before = this.#wrong.get(address) ?? { times: 0, at: now };
    const forgiven = (Math.max(0, now - before.at) / 1000) * wrongTokensPerSecond;
    const times = Math.max(0, before.times - forgiven) + 1;
    this.#wrong.delete(address);
    this.#wrong.set(address, { times: Math.min(times, wrongTokenBurst + 32), at: now });
    if (this.#wrong.size > rememberedAddresses) {
      const [oldest] = this.#wrong.keys();
      if (oldest !== undefined) this.#wrong.delete(oldest);
    }
    const over = Math.ceil(times - wrongTokenBurst);
    return over <= 0 ? 0 : Math.min(wrongTokenDelay, firstDelay * 2 ** (over - 1));
  }
}
