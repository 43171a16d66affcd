import { type EntryOf, lossOf } from '../../journal/entry.ts';
import type { WholeManifest } from '../../wire/frames.ts';
import { type NodeKey, toHex } from '../../wire/hex.ts';
import { haveQuorum, type JournaledEvaluation, medianScores } from './evaluators/median-scores.ts';
import { KeyRecords } from './key-records.ts';
import { lotsOf } from './measure.ts';
import { marksOf } from './scores.ts';
import type { Standing, Weighed } from './weigh.ts';

/** What is wrong with a field of an entry. */
export interface FieldProblem {
  readonly field: string;
  readonly problem: string;
}

type Committed = EntryOf<'round-committed'>['body'];

/** What the journal says of an attempt, as far as its contributions are weighed. */
export interface WeighedAttempt {
  readonly round: number;
  readonly firstOpenedAt: number;
  readonly evaluations: readonly { readonly body: JournaledEvaluation & { readonly key: NodeKey } }[];
  /** In the order of their entries. */
  readonly contributions: ReadonlyMap<
    NodeKey,
    {
      readonly sequence: number;
      readonly time: number;
      readonly body: { readonly key: NodeKey; readonly payload: string; readonly tokens: number };
    }
  >;
}

/** A contribution's score, as the journal has it. */
export type ScoredContribution = Committed['scores'][number];

/** A contribution that counts for fewer tokens than it claims, as the journal has it. */
export type LoweredContribution = Committed['weighed'][number];

/** What a commit says of its contributions. */
export interface MeasuredWeights {
  readonly scores: readonly ScoredContribution[];
  readonly weighed: readonly LoweredContribution[];
}

/** The loss without the contribution less that with it, in nats a token. */
export function scoreOf({ before, after }: Pick<ScoredContribution, 'before' | 'after'>): number {
  return lossOf(before) - lossOf(after);
}

/** What the journal says of keys and their contributions, in a run that measures them. */
export class RoundStandings {
  readonly #quality: WholeManifest['quality'];
  readonly #records = new KeyRecords();

  constructor({ quality }: Pick<WholeManifest, 'quality'>) {
    this.#quality = quality;
  }

  /** What is known of an attempt's contributions with these scores, in their order. */
  of(
    { round, contributions, firstOpenedAt }: WeighedAttempt,
    scores: readonly ScoredContribution[],
  ): Standing[] {
    const scored = new Map(scores.map((one) => [one.sequence, scoreOf(one)]));
    return [...contributions.values()].map(({ sequence, time, body: { key } }) => ({
      ...this.#records.before(round, key),
      elapsedMs: Math.max(1, time - firstOpenedAt),
      score: scored.get(sequence) ?? null,
    }));
  }

  /** Whether the manifest names evaluators, who read contributions once a round is closed. */
  get isEvaluated(): boolean {
    return this.#quality.case === 'measured' && this.#quality.value.evaluators.length > 0;
  }

  /** Sequences of an attempt's contributions that are scored: those that the lots draw. */
  drawn({ contributions }: WeighedAttempt): number[] {
    if (this.#quality.case === 'claimed') return [];
    return drawnOf([...contributions.values()], this.#quality.value).map(({ sequence }) => sequence);
  }

  /** The scores that an attempt's evaluations give; null if they are too few to decide. */
  evaluated(attempt: WeighedAttempt): ScoredContribution[] | null {
    const evaluations = attempt.evaluations.map(({ body }) => body);
    if (this.#quality.case === 'claimed' || !haveQuorum(evaluations.length, this.#quality.value)) return null;
    return medianScores(this.drawn(attempt), evaluations);
  }

  /** Why a commit's scores are not of the contributions that the lots draw, or not those of the evaluators; null if they are. */
  problem(attempt: WeighedAttempt, { scores }: Pick<Committed, 'scores'>): FieldProblem | null {
    const [expected, found] = [this.drawn(attempt), scores.map(({ sequence }) => sequence)].map((list) =>
      list.join(', '),
    );
    const problem = `are of ${found || 'none'}, expected ${expected || 'none'}`;
    if (found !== expected) return { field: 'body.scores', problem };
    const evaluated = JSON.stringify(this.evaluated(attempt) ?? scores);
    if (evaluated === JSON.stringify(scores)) return null;
    return { field: 'body.scores', problem: `are not the medians of the evaluations: ${evaluated}` };
  }

  /** Why an attempt takes no such evaluation; null if it does. */
  problemOfEvaluation(
    attempt: WeighedAttempt,
    { key, before }: EntryOf<'evaluation-accepted'>['body'],
  ): FieldProblem | null {
    const { value } = this.#quality;
    const evaluators = 'evaluators' in value ? value.evaluators.map(toHex) : [];
    if (!evaluators.includes(key)) return { field: 'body.key', problem: 'is no evaluator of the manifest' };
    if (attempt.evaluations.some(({ body }) => body.key === key))
      return { field: 'body.key', problem: 'has evaluated this attempt already' };
    const scored = this.drawn(attempt).length;
    if (before.length === scored) return null;
    return { field: 'body.before', problem: `has ${before.length} losses, expected ${scored}` };
  }

  /** The attempt was committed. */
  committed(
    { round, contributions, firstOpenedAt }: WeighedAttempt,
    { scores, weighed }: MeasuredWeights,
  ): void {
    if (this.#quality.case === 'claimed') return;
    const scored = new Map(scores.map((one) => [one.sequence, scoreOf(one)]));
    const lowered = new Map(weighed.map((one) => [one.sequence, one]));
    const all = [...contributions.values()];
    const marks = marksOf(
      all.map(({ sequence }) => ({
        score: scored.get(sequence) ?? null,
        reason: lowered.get(sequence)?.reason ?? null,
      })),
      this.#quality.value,
    );
    this.#records.committed(
      round,
      all.map(({ sequence, time, body }, i) => ({
        key: body.key,
        mark: marks[i] ?? null,
        elapsedMs: Math.max(1, time - firstOpenedAt),
        tokens: lowered.get(sequence)?.tokens ?? body.tokens,
      })),
    );
  }
}

/** The contributions of a round that are scored, in their order: those with the least lots, so that nobody can choose them. */
export function drawnOf<Accepted extends { readonly body: { readonly payload: string } }>(
  contributions: readonly Accepted[],
  { evaluations }: { readonly evaluations: number },
): Accepted[] {
  const lots = lotsOf(contributions.map(({ body }) => body.payload));
  const order = [...contributions.keys()].sort((one, other) =>
    (lots[one] ?? '') < (lots[other] ?? '') ? -1 : 1,
  );
  const drawn = new Set(order.slice(0, evaluations));
  return contributions.filter((_, i) => drawn.has(i));
}

/** Of a round's weighed contributions those that count for fewer tokens than they claim. */
export function loweredIn(
  weighed: readonly Weighed[],
  sequenceOf: (index: number) => number,
): LoweredContribution[] {
  return weighed.flatMap(({ tokens, reason }, index) =>
    reason === null ? [] : [{ sequence: sequenceOf(index), tokens, reason }],
  );
}

/** The sequences of a commit's contributions that do not count, ascending. */
export function uncountedIn({ excluded, weighed }: Pick<Committed, 'excluded' | 'weighed'>): number[] {
  const nothing = weighed.filter(({ tokens }) => tokens === 0).map(({ sequence }) => sequence);
  return [...excluded, ...nothing].sort((one, other) => one - other);
}
