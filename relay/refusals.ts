import { RefusalCode } from './wire/tapestry_pb.js';

/**
 * Refusals on their way into the journal. The first of each code in a round is written at once, the rest as one entry
 * at the round's end: they are all counted, and no one can fill the disk with them.
 */
export class Refusals {
  readonly #unwritten = new Map<RefusalCode, number>();
  readonly #written = new Set<RefusalCode>();

  /** How many the journal does not have yet. */
  get pending(): number {
    return [...this.#unwritten.values()].reduce((sum, times) => sum + times, 0);
  }

  /** Counts one; true when it is the round's first of its code. */
  count(code: RefusalCode): boolean {
    this.#unwritten.set(code, (this.#unwritten.get(code) ?? 0) + 1);
    const first = !this.#written.has(code);
    this.#written.add(code);
    return first;
  }

  /** Hands what is not written yet, by the codes' names, to `write`; it stays when that throws. */
  flush(write: (counts: Record<string, number>) => void): void {
    if (this.#unwritten.size === 0) return;
    write(Object.fromEntries([...this.#unwritten].map(([code, times]) => [RefusalCode[code], times])));
    this.#unwritten.clear();
  }

  /** A round is over: the next one's first refusals are written at once again. */
  roundEnded(): void {
    this.#written.clear();
  }
}
