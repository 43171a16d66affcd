import { appliedEntry, type Entry, lossOf } from '../../journal/entry.ts';
import type { EventLog } from '../../journal/event-log.ts';
import { mostRoundContributions, type StatusRound } from '../../wire/status.ts';
import { uncountedIn } from '../quality/round-standings.ts';

type Contributions = StatusRound['contributions'];

/** Finds the contributions of committed rounds in the journal. It holds one number a round; the rest stays in the journal. */
export class RoundEntries {
  /** The sequence of each round's commit. */
  readonly #commits: number[] = [];

  /** Takes the journal's next entry. */
  apply(entry: Entry): void {
    if (entry.kind === 'round-committed') this.#commits.push(entry.sequence);
  }

  /** The first `mostRoundContributions` contributions of a round; null for one that is not committed. */
  async contributions(
    log: Pick<EventLog, 'read'>,
    round: number,
    corpora: readonly string[],
  ): Promise<Contributions | null> {
    const last = this.#commits[round - 1];
    if (last === undefined) return null;
    let accepted = new Map<number, Contributions[number]>();
    for await (const stored of log.read(this.#commits[round - 2] ?? 0)) {
      const entry = appliedEntry(stored);
      // Those of an abandoned attempt do not count.
      if (entry.kind === 'round-opened') accepted = new Map();
      else if (entry.kind === 'contribution-accepted' && accepted.size < mostRoundContributions) {
        const { key, corpus, steps, tokens, trainingLoss, heldOutLoss } = entry.body;
        accepted.set(entry.sequence, {
          node: key.slice(0, 16),
          corpus: corpus === null ? null : (corpora[corpus] ?? null),
          ...{ steps, tokens, isMerged: true },
          trainingLoss: lossOf(trainingLoss),
          heldOutLoss: lossOf(heldOutLoss),
        });
      } else if (entry.kind === 'round-committed') {
        const left = new Set(uncountedIn(entry.body));
        return [...accepted].map(([sequence, given]) => ({ ...given, isMerged: !left.has(sequence) }));
      }
    }
    return null;
  }
}
