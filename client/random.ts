/**
 * A seeded generator (sfc32) whose state can be saved and restored, so that its sequence resumes exactly. It must not be
 * used for secrets. It uses only integer operations, so every JavaScript engine gives the same numbers.
 */
export type RandomState = readonly [number, number, number, number];

export class Random {
  #a: number;
  #b: number;
  #c: number;
  #counter: number;

  private constructor(state: RandomState) {
    [this.#a, this.#b, this.#c, this.#counter] = state;
  }

  /** A generator from a 32-bit seed; distinct `stream`s of one seed are independent. */
  static seeded(seed: number, stream = 0): Random {
    const random = new Random([seed | 0, stream | 0, 0x9e3779b9 | 0, 1]);
    for (let i = 0; i < 16; i++) random.uint32();
    return random;
  }

  static restore(state: RandomState): Random {
    return new Random(state);
  }

  save(): RandomState {
    return [this.#a, this.#b, this.#c, this.#counter];
  }

  /** Uniform over 0 … 2^32 - 1. */
  uint32(): number {
    const sum = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + sum;
    this.#c |= 0;
    return sum >>> 0;
  }

  /** Uniform over [0, 1) with 32 bits. */
  uniform(): number {
    return this.uint32() / 0x1_0000_0000;
  }

  /** Uniform integer over [0, bound), without modulo bias. */
  below(bound: number): number {
    const limit = 0x1_0000_0000 - (0x1_0000_0000 % bound);
    let drawn = this.uint32();
    while (drawn >= limit) drawn = this.uint32();
    return drawn % bound;
  }

  /**
   * Mean 0 and variance 1, from the sum of twelve uniforms (Irwin-Hall). It uses no transcendental functions, so every
   * engine gives the same bits.
   */
  normal(): number {
    let sum = 0;
    for (let i = 0; i < 12; i++) sum += this.uniform();
    return sum - 6;
  }
}
