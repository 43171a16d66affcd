import type { Draft } from '../../journal/entry.ts';
import { RefusalCode } from '../../wire/tapestry_pb.js';

/**
 * Refusals that are not journaled yet. The first of each code in a round is appended at once, the others in one entry at the
 * round's end. All are counted, and nobody can fill the disk with them.
 */
export class RefusalCounts {
  readonly #unwritten = new Map<RefusalCode, number>();
  readonly #written = new Set<RefusalCode>();

  /** The number of refusals that are not in the journal yet. */
  get pending(): number {
    return [...this.#unwritten.values()].reduce((sum, times) => sum + times, 0);
  }

  /** Counts a refusal; true if it is the round's first with its code. */
  count(code: RefusalCode): boolean {
    this.#unwritten.set(code, (this.#unwritten.get(code) ?? 0) + 1);
    const first = !this.#written.has(code);
    this.#written.add(code);
    return first;
  }

  /** The entry for the refusals that are not journaled yet, and a function to call once it is appended. */
  draft(round: number): { drafts: Draft[]; appended: () => void } {
    const counts = new Map(this.#unwritten);
    const named = Object.fromEntries([...counts].map(([code, times]) => [RefusalCode[code], times]));
    return {
      drafts: counts.size === 0 ? [] : [{ kind: 'refused', body: { round, counts: named } }],
      appended: () => {
        for (const [code, times] of counts) {
          const left = (this.#unwritten.get(code) ?? 0) - times;
          if (left > 0) this.#unwritten.set(code, left);
          else this.#unwritten.delete(code);
        }
      },
    };
  }

  /** Called when a round ends: the next round's first refusal of each code is appended at once again. */
  roundEnded(): void {
    this.#written.clear();
  }
}
