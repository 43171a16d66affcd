import { stepTimeAfter } from '../../../../relay/journal/contributor-totals.ts';
import { NewestContributions } from '../../../../relay/journal/newest-contributions.ts';
import type { AdoptedBase } from '../../../../relay/run/upstream/adopted-base.ts';
import type { Hash } from '../../../../relay/wire/hex.ts';
import type { NodeNumber } from '../world/messages.ts';
import { baseHash, type VirtualBase } from '../world/virtual-base.ts';

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
      readonly kind: 'round-closed' | 'round-abandoned';
      readonly round: number;
      readonly attempt: number;
      readonly contributions: number;
    }
  | {
      readonly kind: 'round-committed';
      readonly round: number;
      readonly contributions: number;
      readonly tokens: number;
      readonly base: VirtualBase;
    }
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
  readonly round: number;
  readonly attempt: number;
  readonly node: NodeNumber;
  readonly payload: Hash;
  readonly base: Hash;
  readonly steps: number;
  readonly tokens: number;
}

type AcceptedFacts = Pick<VirtualContribution, 'node' | 'payload' | 'round'>;

/** An attempt at a round, as the journal tells it. */
export interface OpenAttempt {
  readonly round: number;
  readonly attempt: number;
  readonly openedAt: number;
  readonly contributions: Map<NodeNumber, VirtualContribution>;
  /** The node that was the first to contribute each payload to the round. */
  readonly owners: Map<Hash, NodeNumber>;
  tokens: number;
  isClosed: boolean;
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

  readonly #newest = new NewestContributions<NodeNumber, VirtualContribution>();

  constructor(first: VirtualBase) {
    this.base = first;
  }

  /** What the open round, or any before, accepted of a node's payload, as relay/run/contributions/receipt.ts says it. */
  acceptedOf({ node, payload, round }: AcceptedFacts): VirtualContribution | null {
    const attempts = [this.open, this.before].map((attempt) => attempt?.contributions.get(node));
    for (const accepted of [...attempts, this.#newest.of(node)?.accepted]) {
      if (accepted?.payload === payload && accepted.round === round) return accepted;
    }
    return null;
  }

  apply(entry: VirtualEntry): void {
    switch (entry.kind) {
      case 'round-opened': {
        const { round, attempt, time: openedAt } = entry;
        this.attempt = attempt;
        this.open = {
          ...{ round, attempt, openedAt, contributions: new Map(), owners: new Map() },
          ...{ tokens: 0, isClosed: false },
        };
        return;
      }
      case 'contribution-accepted':
        if (this.open !== null) this.#accepted(entry, this.open);
        return;
      case 'round-closed':
        if (this.open !== null) this.open.isClosed = true;
        return;
      case 'round-committed':
        this.base = entry.base;
        if (this.open !== null) this.#newest.committed(this.open);
        this.before = this.open;
        this.open = null;
        this.attempt = 0;
        this.committed++;
        return;
      case 'round-abandoned':
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
    const { node, payload, tokens } = entry;
    open.contributions.set(node, entry);
    this.#newest.accepted(node, entry, open);
    open.owners.set(payload, node);
    open.tokens += tokens;
    const before = this.contributors.get(node)?.stepMs ?? null;
    this.contributors.set(node, { stepMs: stepTimeAfter(before, entry, open) });
  }
}
