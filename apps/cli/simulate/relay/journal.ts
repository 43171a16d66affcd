import { stepTimeAfter } from '../../../../relay/journal/contributor-totals.ts';
import { lossOf } from '../../../../relay/journal/entry.ts';
import { NewestContributions } from '../../../../relay/journal/newest-contributions.ts';
import type { CountedIn, RecentRounds } from '../../../../relay/journal/recent-rounds.ts';
import type { LowestLoss } from '../../../../relay/run/guard/lowest-loss.ts';
import type { EvaluationBody } from '../../../../relay/run/quality/evaluators/evaluation.ts';
import type {
  LoweredContribution,
  RoundStandings,
  ScoredContribution,
  WeighedAttempt,
} from '../../../../relay/run/quality/round-standings.ts';
import type { AdoptedBase } from '../../../../relay/run/upstream/adopted-base.ts';
import type { PartName } from '../../../../relay/wire/fragments.ts';
import type { Hash, NodeKey } from '../../../../relay/wire/hex.ts';
import type { NodeNumber } from '../world/messages.ts';
import { baseHash, type VirtualBase } from '../world/virtual-base.ts';
import { hexOf } from '../world/virtual-hash.ts';

/** The entries of the virtual relay's journal: those of the real one, with what the machines need of them. */
export type VirtualEntry =
  | {
      readonly kind: 'round-opened';
      /** On the relay's clock, in milliseconds. */
      readonly time: number;
      readonly round: number;
      readonly attempt: number;
      readonly base: Hash;
    }
  | VirtualContribution
  | {
      readonly kind: 'round-closed';
      readonly round: number;
      readonly attempt: number;
      readonly contributions: number;
    }
  | {
      readonly kind: 'round-abandoned';
      readonly round: number;
      readonly attempt: number;
      readonly contributions: number;
      /** That of the base that the guard did not allow; null for an attempt with too few contributions. */
      readonly loss: string | null;
    }
  | {
      readonly kind: 'round-committed';
      readonly round: number;
      readonly contributions: number;
      /** As they are claimed. */
      readonly tokens: number;
      readonly base: VirtualBase;
      /** Those that a run with measured quality has of its contributions. */
      readonly scores: readonly ScoredContribution[];
      readonly weighed: readonly LoweredContribution[];
      /** That of the base; null without a guard. */
      readonly loss: string | null;
    }
  | { readonly kind: 'evaluation-accepted'; readonly body: EvaluationBody }
  /** The run goes on from the base `upstream` that `round` rounds of its upstream run made, or from what it mixed of that. */
  | {
      readonly kind: 'upstream-adopted';
      readonly round: number;
      readonly upstream: Hash;
      /** The own rounds that are in `upstream`. */
      readonly through: number;
      readonly reference: Hash;
      readonly base: VirtualBase;
    }
  | { readonly kind: 'run-complete'; readonly rounds: number };

export interface VirtualContribution {
  readonly kind: 'contribution-accepted';
  readonly sequence: number;
  readonly time: number;
  /** The round that the work began from. */
  readonly round: number;
  /** The round in which it counts, which is a later one for some work in a run with arrivals, and its attempt. */
  readonly countsIn: number;
  readonly attempt: number;
  readonly node: NodeNumber;
  readonly payload: Hash;
  readonly base: Hash;
  readonly steps: number;
  readonly tokens: number;
  readonly part: PartName;
}

type AcceptedFacts = Pick<VirtualContribution, 'node' | 'payload' | 'round'>;

/** A contribution as the run's machines name it. */
export interface RecentWork {
  readonly body: { readonly round: number; readonly key: NodeKey; readonly payload: Hash };
  readonly entry: VirtualContribution;
}

/** What is remembered of a round that work may begin from: when its first attempt opened. */
export interface RecentFacts {
  readonly openedAt: number;
}

/** An attempt at a round, as the journal tells it. */
export interface OpenAttempt {
  readonly round: number;
  readonly attempt: number;
  readonly openedAt: number;
  readonly firstOpenedAt: number;
  readonly contributions: Map<NodeNumber, VirtualContribution>;
  readonly evaluations: { readonly body: EvaluationBody }[];
  tokens: number;
  /** Names the entry that closed it; null while it is open. */
  closedBy: Hash | null;
}

/** What the journal says so far. A relay that starts again builds it from the entries; each costs O(1). */
export class JournalState {
  committed = 0;
  attempt = 0;
  complete = false;
  base: VirtualBase;
  /** The bases that were adopted, oldest first. */
  readonly adopted: AdoptedBase[] = [];
  open: OpenAttempt | null = null;
  /** The attempt that was committed last. */
  before: OpenAttempt | null = null;
  /** What is known of each node that contributed. */
  readonly contributors = new Map<NodeNumber, { readonly stepMs: number | null }>();
  /** The real machine of what counts once. */
  readonly recent: RecentRounds<RecentFacts, RecentWork>;
  /** The real machine of scores and reputations; null where contributions are not measured. */
  readonly standings: RoundStandings | null;
  /** The real machine of what the guard compares with. */
  readonly #lowest: LowestLoss;
  #entries = 0;

  readonly #newest = new NewestContributions<NodeNumber, VirtualContribution>();

  constructor(
    first: VirtualBase,
    {
      recent,
      standings,
      lowest,
    }: {
      readonly recent: RecentRounds<RecentFacts, RecentWork>;
      readonly standings: RoundStandings | null;
      readonly lowest: LowestLoss;
    },
  ) {
    this.base = first;
    this.recent = recent;
    this.standings = standings;
    this.#lowest = lowest;
  }

  /** The lowest loss of the newest bases; null before the first, and without a guard. */
  get lowestLoss(): number | null {
    return this.#lowest.value;
  }

  /** Where a node's payload counts, as relay/run/contributions/receipt.ts finds it; null if it does not yet. */
  acceptedOf({ node, payload, round }: AcceptedFacts): VirtualContribution | null {
    const begun: CountedIn<RecentWork> | undefined = this.recent.begunFrom(round, keyOf(node));
    const own = [this.open, this.before].map((attempt) => attempt?.contributions.get(node));
    const isIt = (accepted: VirtualContribution | undefined) =>
      accepted?.payload === payload && accepted.round === round;
    return [...own, begun?.accepted.entry, this.#newest.of(node)?.accepted].find(isIt) ?? null;
  }

  apply(entry: VirtualEntry): void {
    this.#entries++;
    switch (entry.kind) {
      case 'round-opened': {
        const { round, attempt, base, time: openedAt } = entry;
        this.attempt = attempt;
        this.recent.opened({ round, attempt, base }, { openedAt });
        const firstOpenedAt = this.recent.factsOf(round)?.openedAt ?? openedAt;
        this.open = {
          ...{ round, attempt, openedAt, firstOpenedAt },
          ...{ contributions: new Map(), evaluations: [] },
          ...{ tokens: 0, closedBy: null },
        };
        return;
      }
      case 'contribution-accepted':
        if (this.open !== null) this.#accepted(entry, this.open);
        return;
      case 'round-closed':
        if (this.open !== null) this.open.closedBy = hexOf(`entry ${this.#entries}`);
        if (this.standings?.isEvaluated === true) this.recent.closed();
        return;
      case 'evaluation-accepted':
        this.open?.evaluations.push({ body: entry.body });
        return;
      case 'round-committed':
        if (this.open !== null) this.standings?.committed(attemptOf(this.open), entry);
        this.recent.committed();
        if (entry.loss !== null) this.#lowest.add(lossOf(entry.loss));
        this.base = entry.base;
        if (this.open !== null) this.#newest.committed(this.open);
        this.before = this.open;
        this.open = null;
        this.attempt = 0;
        this.committed++;
        return;
      case 'round-abandoned':
        this.recent.abandoned(entry.loss !== null);
        this.open = null;
        return;
      case 'upstream-adopted': {
        const { kind: _, base, ...facts } = entry;
        this.base = base;
        this.adopted.push({ ...facts, committed: this.committed, base: baseHash(base), evidence: [] });
        return;
      }
      case 'run-complete':
        this.complete = true;
    }
  }

  #accepted(entry: VirtualContribution, open: OpenAttempt): void {
    const { node, payload, tokens, round } = entry;
    open.contributions.set(node, entry);
    this.#newest.accepted(node, entry, open);
    open.tokens += tokens;
    const openedAt = this.recent.factsOf(round)?.openedAt ?? open.openedAt;
    this.recent.accepted({ body: { round, key: keyOf(node), payload }, entry });
    const before = this.contributors.get(node)?.stepMs ?? null;
    const began = round < open.round ? { attempt: 1, openedAt } : open;
    this.contributors.set(node, { stepMs: stepTimeAfter(before, entry, began) });
  }
}

/** The key by which the relay's machines know a node. */
export function keyOf(node: NodeNumber): NodeKey {
  return `${node}`;
}

/** An attempt as the machines of quality see it. */
export function attemptOf({ round, firstOpenedAt, contributions, evaluations }: OpenAttempt): WeighedAttempt {
  const all = [...contributions.values()].map(({ sequence, time, node, payload, tokens }) => ({
    ...{ sequence, time },
    body: { key: keyOf(node), payload: hexOf(payload), tokens },
  }));
  return { round, firstOpenedAt, evaluations, contributions: new Map(all.map((one) => [one.body.key, one])) };
}
