import { isAllowed } from '../run/guard/guard.ts';
import { LowestLoss } from '../run/guard/lowest-loss.ts';
import { NormBound } from '../run/norm-bound.ts';
import { RoundStandings, type ScoredContribution, uncountedIn } from '../run/quality/round-standings.ts';
import type { Standing } from '../run/quality/weigh.ts';
import { type AdoptedBase, adoptedBy, adoptionProblem } from '../run/upstream/adopted-base.ts';
import { valuesOf } from '../wire/fragments.ts';
import { fromHex, type Hash, type NodeKey, toHex } from '../wire/hex.ts';
import { tokensOf } from '../wire/offer.ts';
import type { RelayStatus } from '../wire/status.ts';
import { type ContributorTotals, totalsAfter } from './contributor-totals.ts';
import { type CreatedRun, createdRunOf } from './created-run.ts';
import { type Entry, EntryError, type EntryOf, lossOf } from './entry.ts';
import type { Accepted } from './event-log.ts';
import { JournalTree } from './journal-tree.ts';
import { NewestContributions } from './newest-contributions.ts';
import { type AcceptedSoFar, OpenAttempt } from './open-attempt.ts';
import { RecentRounds, recentProblems, stalenessOf } from './recent-rounds.ts';

export type { ContributorTotals } from './contributor-totals.ts';
export type { CreatedRun } from './created-run.ts';
export type CommittedRound = RelayStatus['history'][number];

/**
 * The state that the journal's entries define, applied one by one. The relay keeps one and rebuilds it when it starts;
 * `verify` builds one and compares it with its own sums. An entry that cannot follow those before it throws an EntryError,
 * which names the field. The cost of one entry does not grow with the run or the round.
 */
export class Replay {
  readonly run: CreatedRun;
  /** The Merkle tree over the entries so far. */
  readonly tree: JournalTree;
  base: Hash;
  committed = 0;
  /** How often the round after the last committed one was opened. */
  attempt = 0;
  complete = false;
  /** What the presenter's latest command says of the rounds after the open one: `lobby` before the first. */
  presented: 'lobby' | 'started' | 'paused' | 'ended' = 'lobby';
  /** Nodes that the presenter removed. */
  readonly removed = new Set<NodeKey>();
  readonly history: CommittedRound[] = [];
  /** Hashes of the vectors that each commit made, oldest first: the base, then the outer optimizer's and the downlink's. */
  readonly states: (readonly Hash[])[] = [];
  /** The bases that were adopted from the upstream run, oldest first. */
  readonly adopted: AdoptedBase[] = [];
  /** Hashes of the deltas by which nodes follow, of each commit; empty where they download each base whole. */
  readonly deltas: Hash[] = [];
  readonly totals = { tokens: 0, contributions: 0, payloadBytes: 0, refusals: 0, abandonedRounds: 0 };
  readonly contributors = new Map<NodeKey, ContributorTotals>();
  readonly newest = new NewestContributions<NodeKey, Accepted>();
  readonly #lowest: LowestLoss;
  readonly #normBound: NormBound;
  readonly #standings: RoundStandings;
  /** The rounds that contributions may begin from: when each opened first, and the greatest L2 norm of a delta from its base. */
  readonly recent: RecentRounds<{ readonly openedAt: number; readonly normBound: number }>;
  #open: OpenAttempt | null = null;
  #before: AcceptedSoFar | null = null;

  private constructor(run: CreatedRun, first: EntryOf<'run-created'>) {
    this.run = run;
    this.recent = new RecentRounds(stalenessOf(first));
    this.tree = new JournalTree({ run: fromHex(run.id), publicKey: run.manifest.relayKey });
    this.tree.add(first);
    this.#normBound = new NormBound(run.manifest, run.codec);
    this.#standings = new RoundStandings(run.manifest);
    const { guard } = run.manifest;
    this.#lowest = new LowestLoss(guard.case === 'probe' ? guard.value.rounds : 1);
    this.base = toHex(run.manifest.initialBase);
  }

  /** From the journal's first entry. */
  static begin(entry: Entry): Replay {
    if (entry.kind !== 'run-created') throw wrong(entry, 'kind', 'is not run-created, which comes first');
    return new Replay(createdRunOf(entry), entry);
  }

  /** The attempt that is open, or closed and not yet committed; null between rounds. */
  get open(): AcceptedSoFar | null {
    return this.#open;
  }

  /** The attempt that was committed last. */
  get before(): AcceptedSoFar | null {
    return this.#before;
  }

  /** The lowest loss of the committed bases that the guard compares with; null before the first, and without a guard. */
  get lowestLoss(): number | null {
    return this.#lowest.value;
  }

  /** The greatest L2 norm of a delta of the round after the last committed one. */
  get normBound(): number {
    return this.#normBound.value;
  }

  /** That of a round that contributions may begin from. */
  normBoundOf(round: number): number {
    return this.recent.factsOf(round)?.normBound ?? this.normBound;
  }

  /** What is known of the contributions of the open attempt with these scores, in their order. */
  standings(scores: readonly ScoredContribution[]): Standing[] {
    return this.#open === null ? [] : this.#standings.of(this.#open, scores);
  }

  /** Sequences of the closed attempt's contributions that are scored, in their order. */
  get scored(): readonly number[] {
    return this.#open === null ? [] : this.#standings.drawn(this.#open);
  }

  /** The scores that the evaluations of the closed attempt give; null if they are too few to decide. */
  get evaluatedScores(): readonly ScoredContribution[] | null {
    return this.#open === null ? null : this.#standings.evaluated(this.#open);
  }

  /** Hashes of the current state. Before the first commit this is only the initial base: the other vectors are zero. */
  get state(): readonly Hash[] {
    return [this.base, ...(this.states.at(-1)?.slice(1) ?? [])];
  }

  /** Applies the next entry. Throws EntryError without changing anything. */
  apply(entry: Entry): void {
    this.#change(entry);
    this.tree.add(entry);
  }

  #change(entry: Entry): void {
    switch (entry.kind) {
      case 'run-created':
        throw wrong(entry, 'kind', 'is run-created again');
      case 'refused':
        for (const times of Object.values(entry.body.counts)) this.totals.refusals += times ?? 0;
        return;
      case 'round-opened':
        this.#opened(entry);
        return;
      case 'contribution-accepted':
        this.#accepted(entry);
        return;
      case 'round-closed':
        this.#closed(entry);
        return;
      case 'evaluation-accepted':
        this.#evaluated(entry);
        return;
      case 'round-committed':
        this.#committed(entry);
        return;
      case 'round-abandoned':
        this.#abandoned(entry);
        return;
      case 'presented':
        this.#presented(entry);
        return;
      case 'upstream-adopted':
      case 'upstream-mixed':
        this.#adopted(entry);
        return;
      case 'run-complete':
        if (this.#open !== null) throw wrong(entry, 'kind', 'ends the run while a round is open');
        this.#expect(entry, 'body.rounds', entry.body.rounds, this.committed);
        if (this.presented !== 'ended')
          this.#expect(entry, 'body.rounds', entry.body.rounds, this.run.manifest.strategy.rounds);
        this.#expect(entry, 'body.base', entry.body.base, this.base);
        this.complete = true;
    }
  }

  #opened(entry: EntryOf<'round-opened'>): void {
    if (this.#open !== null || this.complete) throw wrong(entry, 'kind', 'opens a round while none can open');
    if (this.committed === this.run.manifest.strategy.rounds) {
      throw wrong(entry, 'body.round', 'is beyond the rounds of the manifest');
    }
    this.#expect(entry, 'body.round', entry.body.round, this.committed + 1);
    this.#expect(entry, 'body.attempt', entry.body.attempt, this.attempt + 1);
    this.#expect(entry, 'body.base', entry.body.base, this.base);
    this.attempt++;
    this.recent.opened(entry.body, { openedAt: entry.time, normBound: this.normBound });
    const { openedAt = entry.time } = this.recent.factsOf(entry.body.round) ?? {};
    this.#open = new OpenAttempt(entry, this.run.manifest.corpora.length, openedAt);
  }

  #accepted(entry: Accepted): void {
    const { body } = entry;
    const { limits, strategy, corpora } = this.run.manifest;
    const open = this.#openAttempt(entry);
    if (open.isClosed) throw wrong(entry, 'kind', 'comes after the round was closed');
    const values = valuesOf(this.run.fragments, body.part);
    if (values === null) throw wrong(entry, 'body.part', 'is not granted by the manifest');
    this.#expect(entry, 'body.payloadBytes', body.payloadBytes, this.run.codec.payloadBytes(values));
    if (body.corpus !== null && body.corpus >= corpora.length) {
      throw wrong(entry, 'body.corpus', 'is not a corpus of the manifest');
    }
    if (body.steps < 1 || body.steps > strategy.localSteps) {
      throw wrong(entry, 'body.steps', 'is out of limit');
    }
    this.#expect(entry, 'body.tokens', body.tokens, tokensOf(strategy, body.steps));
    const problem = open.contributions.has(body.key) ? 'key' : this.recent.problemOf(body);
    if (problem !== null) throw wrong(entry, recentProblems[problem].field, recentProblems[problem].problem);
    if (open.contributions.size >= limits.target)
      throw wrong(entry, 'kind', 'comes after the round was full');
    open.add(entry);
    this.recent.accepted(entry);
    this.newest.accepted(body.key, entry, open);
    const { openedAt } = this.recent.factsOf(body.round) ?? open;
    const began = body.round < open.round ? { attempt: 1, openedAt } : open;
    this.contributors.set(body.key, totalsAfter(this.contributors.get(body.key), entry, began));
    this.totals.tokens += body.tokens;
    this.totals.contributions++;
    this.totals.payloadBytes += body.payloadBytes;
  }

  #closed(entry: EntryOf<'round-closed'>): void {
    const { body } = entry;
    const open = this.#openAttempt(entry);
    if (open.isClosed) throw wrong(entry, 'kind', 'closes a round that is closed');
    this.#expect(entry, 'body.round', body.round, open.round);
    this.#expect(entry, 'body.attempt', body.attempt, open.attempt);
    this.#expect(entry, 'body.contributions', body.contributions, open.contributions.size);
    this.#expect(entry, 'body.last', body.last, open.last);
    if (body.contributions < this.run.manifest.limits.quorum) {
      throw wrong(entry, 'body.contributions', 'are fewer than the quorum');
    }
    open.closedBy = entry.hash;
    if (this.#standings.isEvaluated) this.recent.closed();
  }

  #evaluated(entry: EntryOf<'evaluation-accepted'>): void {
    const { body } = entry;
    const open = this.#openAttempt(entry);
    if (!open.isClosed) throw wrong(entry, 'kind', 'evaluates a round that was not closed');
    this.#expect(entry, 'body.round', body.round, open.round);
    this.#expect(entry, 'body.attempt', body.attempt, open.attempt);
    const problem = this.#standings.problemOfEvaluation(open, body);
    if (problem !== null) throw wrong(entry, problem.field, problem.problem);
    open.evaluations.push(entry);
  }

  #committed(entry: EntryOf<'round-committed'>): void {
    const { body } = entry;
    const open = this.#openAttempt(entry);
    if (!open.isClosed) throw wrong(entry, 'kind', 'commits a round that was not closed');
    const { tokens, contributions } = open;
    this.#expect(entry, 'body.round', body.round, open.round);
    this.#expect(entry, 'body.contributions', body.contributions, contributions.size);
    this.#expect(entry, 'body.last', body.last, open.last);
    this.#expect(entry, 'body.tokens', body.tokens, tokens);
    const loss = this.#judged(entry, body.loss, true);
    const [base = ''] = body.state;
    if ((body.delta === null) !== (this.run.downlink === null))
      throw wrong(entry, 'body.delta', 'is not as the manifest has it');
    const problem = this.#standings.problem(open, body);
    if (problem !== null) throw wrong(entry, problem.field, problem.problem);
    if (loss !== null) this.#lowest.add(loss);
    this.#standings.committed(open, body);
    this.#normBound.add(body.norm);
    this.history.push({
      round: body.round,
      contributions: contributions.size,
      excluded: uncountedIn(body).length,
      tokens,
      probeLoss: loss,
      trainingLoss: open.weightedLoss / tokens,
      heldOutLoss: open.heldOut.map(({ sum, count }) => (count === 0 ? null : sum / count)),
      committedAt: entry.time,
      base,
    });
    this.states.push(body.state);
    if (body.delta !== null) this.deltas.push(body.delta);
    this.base = base;
    this.committed++;
    this.attempt = 0;
    this.#before = open;
    this.recent.committed();
    this.newest.committed(open);
    this.#open = null;
  }

  #abandoned(entry: EntryOf<'round-abandoned'>): void {
    const open = this.#openAttempt(entry);
    const loss = this.#judged(entry, entry.body.loss, false);
    if (open.isClosed !== (loss !== null)) throw wrong(entry, 'body.loss', 'is not that of a closed round');
    this.#expect(entry, 'body.round', entry.body.round, open.round);
    this.#expect(entry, 'body.attempt', entry.body.attempt, open.attempt);
    this.#expect(entry, 'body.contributions', entry.body.contributions, open.contributions.size);
    this.totals.abandonedRounds++;
    this.recent.abandoned(loss !== null);
    this.#open = null;
  }

  #presented(entry: EntryOf<'presented'>): void {
    const { round, action, node } = entry.body;
    if (this.complete) throw wrong(entry, 'kind', 'comes after the end of the run');
    this.#expect(entry, 'body.round', round, this.committed + 1);
    if ((node === null) !== (action !== 'remove'))
      throw wrong(entry, 'body.node', 'is not as the action has it');
    if (this.presented === 'ended' && action !== 'remove')
      throw wrong(entry, 'body.action', 'comes after the presenter ended the run');
    if (node !== null) this.removed.add(node);
    else if (action === 'start') this.presented = 'started';
    else if (action === 'pause') this.presented = 'paused';
    else if (action === 'end') this.presented = 'ended';
  }

  #adopted(entry: EntryOf<'upstream-adopted' | 'upstream-mixed'>): void {
    if (this.#open !== null || this.complete)
      throw wrong(entry, 'kind', 'adopts a base while a round is open or after the last one');
    const problem = adoptionProblem(this, entry);
    if (problem !== null) throw wrong(entry, problem.field, problem.problem);
    this.adopted.push(adoptedBy(this, entry));
    this.base = entry.body.base;
  }

  /** The loss that the relay measured. The initial base's is not in the journal, so the first judgement is not checked. */
  #judged(entry: Entry, text: string | null, isAllowedHere: boolean): number | null {
    const { guard } = this.run.manifest;
    if (text === null) {
      if (guard.case === 'probe' && isAllowedHere) throw wrong(entry, 'body.loss', 'is missing');
      return null;
    }
    if (guard.case === 'unguarded') throw wrong(entry, 'body.loss', 'is there, but the run has no guard');
    const loss = lossOf(text);
    const lowest = this.lowestLoss;
    if (lowest !== null && isAllowed(loss, lowest, guard.value.maxIncrease) !== isAllowedHere)
      throw wrong(entry, 'body.loss', `is not what the guard ${isAllowedHere ? 'allows' : 'refuses'}`);
    return loss;
  }

  #openAttempt(entry: Entry): OpenAttempt {
    if (this.#open === null) throw wrong(entry, 'kind', 'needs an open round, and none is open');
    return this.#open;
  }

  #expect(entry: Entry, field: string, value: number | string, expected: number | string): void {
    if (value !== expected) throw wrong(entry, field, `is ${value}, expected ${expected}`);
  }
}

function wrong(entry: Entry, field: string, problem: string): EntryError {
  return new EntryError(entry.sequence, field, problem);
}
