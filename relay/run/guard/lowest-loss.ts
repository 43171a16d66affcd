/** The lowest loss of the newest bases: a sliding minimum, whose cost for a base does not grow with the run. */
export class LowestLoss {
  readonly #rounds: number;
  /** Losses that can still become the lowest: each is below all that came after it, and older ones are lower. */
  readonly #candidates: { readonly count: number; readonly loss: number }[] = [];
  #count = 0;

  /** `rounds`: how many of the newest bases count; at least 1. */
  constructor(rounds: number) {
    this.#rounds = rounds;
  }

  add(loss: number): void {
    const candidates = this.#candidates;
    this.#count++;
    while ((candidates.at(-1)?.loss ?? Number.NEGATIVE_INFINITY) >= loss) candidates.pop();
    candidates.push({ count: this.#count, loss });
    if ((candidates[0]?.count ?? 0) <= this.#count - this.#rounds) candidates.shift();
  }

  /** Null before the first base. */
  get value(): number | null {
    return this.#candidates[0]?.loss ?? null;
  }
}
