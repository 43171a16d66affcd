import { appliedEntry, type Entry, type EntryOf, lossOf } from '../../journal/entry.ts';
import type { EventLog } from '../../journal/event-log.ts';
import { fragmentsOf } from '../../wire/fragments.ts';
import type { WholeManifest } from '../../wire/frames.ts';
import { mostRoundContributions, type StatusRound } from '../../wire/status.ts';
import { cappedTokens } from '../influence/cap.ts';
import { scoreOf, uncountedIn } from '../quality/round-standings.ts';
import { type Range, roundRanges } from '../ranges/ranges.ts';

type Contribution = StatusRound['contributions'][number];
type Committed = EntryOf<'round-committed'>['body'];
type Claimed = Pick<EntryOf<'contribution-accepted'>['body'], 'tokens' | 'part'>;

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
    { corpora, limits, strategy, model }: Pick<WholeManifest, 'corpora' | 'limits' | 'strategy' | 'model'>,
  ): Promise<Pick<StatusRound, 'contributions' | 'scoredBy'> | null> {
    const last = this.#commits[round - 1];
    if (last === undefined) return null;
    let accepted = new Map<number, Contribution>();
    /** Of all contributions, because each of them decides where the cap is. */
    let claims = new Map<number, Claimed>();
    let evaluators: string[] = [];
    for await (const stored of log.read(this.#commits[round - 2] ?? 0)) {
      const entry = appliedEntry(stored);
      // Those of an abandoned attempt do not count.
      if (entry.kind === 'round-opened') {
        accepted = new Map();
        claims = new Map();
        evaluators = [];
      } else if (entry.kind === 'evaluation-accepted') evaluators.push(entry.body.key.slice(0, 16));
      else if (entry.kind === 'contribution-accepted') {
        const { key, corpus, steps, tokens, trainingLoss, heldOutLoss, part } = entry.body;
        claims.set(entry.sequence, { tokens, part });
        if (accepted.size >= mostRoundContributions) continue;
        accepted.set(entry.sequence, {
          node: key.slice(0, 16),
          corpus: corpus === null ? null : (corpora[corpus] ?? null),
          ...{ steps, tokens, part, isMerged: true, score: null, counted: tokens, reason: null },
          trainingLoss: lossOf(trainingLoss),
          heldOutLoss: lossOf(heldOutLoss),
        });
      } else if (entry.kind === 'round-committed') {
        const { scores } = entry.body;
        const fragments = fragmentsOf({ strategy, model });
        const parts = [...claims.values()].map(({ part }) => part);
        const ranges = roundRanges(fragments, fragments.at(round), parts, limits.quorum);
        const capped = cappedBy(claims, entry.body, ranges, limits.weightShare);
        return {
          contributions: weighedBy(accepted, entry.body, capped),
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

/** The tokens of each contribution that counts, under the run's cap, as a mean over its values: see `mergeRange`. */
function cappedBy(
  claims: ReadonlyMap<number, Claimed>,
  { weighed }: Pick<Committed, 'weighed'>,
  ranges: readonly Range[],
  weightShare: number,
): Map<number, number> {
  const lowered = new Map(weighed.map(({ sequence, tokens }) => [sequence, tokens]));
  const sums = new Map<number, { tokens: number; values: number }>();
  for (const { has, length } of ranges) {
    const counting = [...claims].flatMap(([sequence, { tokens, part }]) => {
      const counted = lowered.get(sequence) ?? tokens;
      return has(part) && counted > 0 ? [{ sequence, counted }] : [];
    });
    const capped = cappedTokens(
      counting.map(({ counted }) => counted),
      weightShare,
    );
    for (const [i, { sequence }] of counting.entries()) {
      const { tokens, values } = sums.get(sequence) ?? { tokens: 0, values: 0 };
      sums.set(sequence, { tokens: tokens + length * (capped[i] ?? 0), values: values + length });
    }
  }
  return new Map([...sums].map(([sequence, { tokens, values }]) => [sequence, Math.round(tokens / values)]));
}
