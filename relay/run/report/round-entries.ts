import { appliedEntry, type Entry, type EntryOf, lossOf } from '../../journal/entry.ts';
import type { EventLog } from '../../journal/event-log.ts';
import type { WholeManifest } from '../../wire/frames.ts';
import { mostRoundContributions, type StatusRound } from '../../wire/status.ts';
import { cappedTokens } from '../influence/cap.ts';
import { scoreOf, uncountedIn } from '../quality/round-standings.ts';

type Contribution = StatusRound['contributions'][number];
type Committed = EntryOf<'round-committed'>['body'];

/** Digits of a score: more are the rounding of the adapter that measured. */
const scoreDigits = 4;

/** Finds the contributions of committed rounds in the journal. It holds one number a round; the rest stays in the journal. */
export class RoundEntries {
  /** The sequence of each round's commit. */
  readonly #commits: number[] = [];

  /** Takes the journal's next entry. */
  apply(entry: Entry): void {
    if (entry.kind === 'round-committed') this.#commits.push(entry.sequence);
  }

  /**
   * The first `mostRoundContributions` contributions of a round, what each scored and how it counts, and who scored; null for a round that is
   * not committed.
   */
  async read(
    log: Pick<EventLog, 'read'>,
    round: number,
    { corpora, limits }: Pick<WholeManifest, 'corpora' | 'limits'>,
  ): Promise<Pick<StatusRound, 'contributions' | 'scoredBy'> | null> {
    const last = this.#commits[round - 1];
    if (last === undefined) return null;
    let accepted = new Map<number, Contribution>();
    /** Of all contributions, because each of them decides where the cap is. */
    let tokensOf = new Map<number, number>();
    let evaluators: string[] = [];
    for await (const stored of log.read(this.#commits[round - 2] ?? 0)) {
      const entry = appliedEntry(stored);
      // Those of an abandoned attempt do not count.
      if (entry.kind === 'round-opened') {
        accepted = new Map();
        tokensOf = new Map();
        evaluators = [];
      } else if (entry.kind === 'evaluation-accepted') evaluators.push(entry.body.key.slice(0, 16));
      else if (entry.kind === 'contribution-accepted') {
        const { key, corpus, steps, tokens, trainingLoss, heldOutLoss } = entry.body;
        tokensOf.set(entry.sequence, tokens);
        if (accepted.size >= mostRoundContributions) continue;
        accepted.set(entry.sequence, {
          node: key.slice(0, 16),
          corpus: corpus === null ? null : (corpora[corpus] ?? null),
          ...{ steps, tokens, isMerged: true, score: null, counted: tokens, reason: null },
          trainingLoss: lossOf(trainingLoss),
          heldOutLoss: lossOf(heldOutLoss),
        });
      } else if (entry.kind === 'round-committed') {
        const { scores } = entry.body;
        return {
          contributions: weighedBy(accepted, entry.body, cappedBy(tokensOf, entry.body, limits.weightShare)),
          scoredBy: scores.length === 0 ? null : evaluators,
        };
      }
    }
    return null;
  }
}

/** Contributions with what the commit of their round says of them. */
function weighedBy(
  accepted: ReadonlyMap<number, Contribution>,
  committed: Committed,
  capped: ReadonlyMap<number, number>,
): Contribution[] {
  const left = new Set(uncountedIn(committed));
  const lowered = new Map(committed.weighed.map((one) => [one.sequence, one]));
  const scores = new Map(committed.scores.map((one) => [one.sequence, scoreOf(one)]));
  return [...accepted].map(([sequence, given]) => {
    const score = scores.get(sequence) ?? null;
    const isMerged = !left.has(sequence);
    const { tokens: weighed = given.tokens, reason = null } = lowered.get(sequence) ?? {};
    const counted = capped.get(sequence) ?? weighed;
    const isLeftOut = !isMerged && weighed > 0;
    // The main reason is the one that takes more: see `fatesOf`.
    const isCapped = counted < weighed && (reason === null || counted / weighed < weighed / given.tokens);
    return {
      ...given,
      isMerged,
      ...(isLeftOut ? { counted: 0, reason: 'left-out' } : { counted, reason: isCapped ? 'capped' : reason }),
      score: score === null ? null : Number(score.toPrecision(scoreDigits)),
    };
  });
}

/** The tokens of each contribution that counts, under the run's cap: see `RoundFold.next`. */
function cappedBy(
  tokensOf: ReadonlyMap<number, number>,
  { weighed }: Pick<Committed, 'weighed'>,
  weightShare: number,
): Map<number, number> {
  const counting = new Map(tokensOf);
  for (const { sequence, tokens } of weighed)
    if (tokens > 0) counting.set(sequence, tokens);
    else counting.delete(sequence);
  const capped = cappedTokens([...counting.values()], weightShare);
  return new Map([...counting.keys()].map((sequence, i) => [sequence, capped[i] ?? 0]));
}
