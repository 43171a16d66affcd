import type { RoundTimes } from '../../../../relay/run/pace/plan.ts';
import type { RoundLimits, RoundState } from '../../../../relay/run/round.ts';
import type { Hash } from '../../../../relay/wire/hex.ts';
import { RefusalCode } from '../../../../relay/wire/tapestry_pb.js';
import type { VirtualContribution, VirtualEntry } from '../relay/journal.ts';
import type { NodeNumber, VirtualOffer } from '../world/messages.ts';
import { baseHash, firstBase, type VirtualBase } from '../world/virtual-base.ts';
import { hexOf } from '../world/virtual-hash.ts';
import type { BaseInvariants } from './base-invariants.ts';
import { arrivalWaits, BegunWork } from './begun-work.ts';
import type { EvaluatorsHeard } from './evaluators-heard.ts';
import { checkFates } from './fates.ts';
import { broken } from './invariant.ts';
import {
  addTo,
  beginGrace,
  checkAbandoned,
  comeBack,
  countedIn,
  hear,
  mayClose,
  momentIsOver,
  type OpenRound,
  openRound,
  planRound,
  whyEnds,
} from './open-round.ts';
import type { RelayTerms } from './relay-terms.ts';

/** What happens to a node: its connection, and whether it takes part. */
export type Presence = 'joined' | 'left' | 'rested' | 'returned';

/**
 * Checks every step of the relay against counts of its own, which it takes from the journal's entries and from who is
 * connected: never from the machine. An event costs O(1).
 */
export class RelayInvariants {
  readonly #limits: RoundLimits;
  /** How late an effect may be: ticks, and writes of the disk. */
  readonly #slack: number;
  /** On a connection that lasts every message comes, in order: whoever hears of a commit has heard the receipt. */
  readonly isHeard: boolean;
  readonly #terms: RelayTerms;
  /** Null but in a run with arrivals. */
  readonly begun: BegunWork | null;
  /** Null but in a run with an outer step, or a guard. */
  readonly bases: BaseInvariants | null;
  readonly #connected = new Set<NodeNumber>();
  /** Connected nodes that take no part. */
  readonly #resting = new Set<NodeNumber>();
  /** Committed bases, oldest first. */
  readonly #bases: Hash[] = [baseHash(firstBase)];
  readonly #entries: VirtualEntry[] = [];
  #base: VirtualBase = firstBase;
  /** Names the entry that closed the last attempt. */
  #closedBy = '';
  #attempt = 0;
  #open: OpenRound | null = null;
  #before: OpenRound | null = null;
  /** By node: what is in a base, the newest of it. */
  readonly #counted = new Map<NodeNumber, Hash>();
  abandoned = 0;
  #complete = false;
  #alive = false;
  #dueSince: number | null = null;
  #diskFailsUntil = 0;

  constructor(limits: RoundLimits, slack: number, terms: RelayTerms = {}) {
    this.isHeard = terms.isHeard ?? false;
    this.#limits = limits;
    this.#slack = slack;
    this.#terms = terms;
    this.bases = terms.bases ?? null;
    this.begun = terms.staleness ? new BegunWork(terms.staleness) : null;
  }

  /** Whom a commit waits for; null but in a run that measures contributions. */
  get evaluators(): EvaluatorsHeard | null {
    return this.#terms.quality?.evaluators ?? null;
  }

  get committed(): number {
    return this.#bases.length - 1;
  }

  /** The base that `round` trains from; undefined before it is made. */
  baseBefore(round: number): Hash | undefined {
    return this.#bases[round - 1];
  }

  entry(sequence: number): VirtualEntry | undefined {
    return this.#entries[sequence - 1];
  }

  started(now: number): void {
    this.#alive = true;
    this.#dueSince = null;
    this.begun?.waiting.clear();
    const open = this.#open;
    this.evaluators?.started(open?.isClosed === true ? this.#closedBy : null, now);
    if (open !== null) this.#open = comeBack(open, this.#limits, now);
  }

  stopped(): void {
    this.#alive = false;
    this.#connected.clear();
    this.#resting.clear();
  }

  /** The relay's clock jumped ahead: what is due since before may still be late. */
  clockJumped(milliseconds: number): void {
    this.#dueSince = null;
    this.#diskFailsUntil += milliseconds;
  }

  /** Writes fail until then: what is due since before is written again after that. */
  diskFails(until: number): void {
    this.#dueSince = null;
    this.#diskFailsUntil = until;
  }

  connection(type: Presence, node: NodeNumber): void {
    const open = this.#open;
    const change = type === 'joined' || type === 'returned' ? 1 : -1;
    if (type === 'joined') this.#connected.add(node);
    else if (type === 'left') this.#connected.delete(node);
    else if (type === 'rested') this.#resting.add(node);
    else this.#resting.delete(node);
    if (open === null || open.contributed.has(node)) return;
    open.awaited += change;
    if (type === 'joined' && open.returnsUntil > Number.NEGATIVE_INFINITY) open.expected.add(node);
    if (open.expected.has(node)) open.unheard += change;
  }

  /** The relay planned the open round. Once its grace has begun, nodes hear of no other plan. */
  planned(times: RoundTimes, now: number): void {
    const open = this.#open;
    if (open === null || open.isClosed) broken('round-moment', 'a round that is not open is planned');
    planRound(open, times, this.#limits, now);
  }

  /** The relay decides to close the open round. Who comes while the disk writes it comes too late. */
  closing(now: number): void {
    const open = this.#opening('round-closed');
    beginGrace(open, this.#limits, now);
    open.mayClose = mayClose(open, this.#limits, now);
  }

  /** The relay decides to accept contributions of these nodes. Whoever is expected only later finds the places taken. */
  accepting(nodes: readonly NodeNumber[]): void {
    const open = this.#open;
    if (open === null) return;
    const others = nodes.filter((node) => !open.expected.has(node));
    const free = this.#limits.target - open.contributed.size - open.unheard;
    open.admitted = new Set(others.slice(0, Math.max(0, free)));
  }

  /** The relay refuses a complete upload: with arrivals none that a round could still take. */
  refusing(node: NodeNumber, { round, base, payload }: VirtualOffer, code: RefusalCode): void {
    if (
      code !== RefusalCode.STORAGE &&
      this.bases?.isSpoiled(payload) !== true &&
      this.committed < this.#limits.rounds &&
      base === this.baseBefore(round)
    )
      this.begun?.refused(node, round, this.committed);
  }

  journaled(entry: VirtualEntry, now: number): void {
    this.#entries.push(entry);
    if (this.#complete) broken('bases-advance', `${entry.kind} comes after the run is complete`);
    if (entry.kind !== 'contribution-accepted' || this.begun !== null) this.#dueSince = null;
    switch (entry.kind) {
      case 'round-opened':
        this.#opened(entry, now);
        return;
      case 'contribution-accepted':
        this.#accepted(entry);
        return;
      case 'round-closed':
        this.#closed(now);
        return;
      case 'evaluation-accepted':
        if (!this.#opening(entry.kind).isClosed) broken('evaluation-once', 'an open round is evaluated');
        this.evaluators?.evaluated(entry.body);
        return;
      case 'round-committed':
        this.#committed(entry);
        return;
      case 'round-abandoned':
        this.#abandoned(entry, now);
        return;
      case 'upstream-adopted':
        if (this.#open !== null) broken('bases-advance', 'a base is adopted while a round is open');
        this.#base = entry.base;
        this.#bases[this.committed] = baseHash(entry.base);
        return;
      case 'run-complete':
        if (this.committed !== this.#limits.rounds)
          broken('bases-advance', 'the run ends before its last round');
        this.#complete = true;
    }
  }

  /** After each event of the relay. */
  stepped(state: RoundState, now: number): void {
    const open = this.#open;
    const round = this.committed + 1;
    if (state.round !== round)
      broken('bases-advance', `the machine is in round ${state.round}, not ${round}`);
    if (state.base !== baseHash(this.#base))
      broken('same-base', 'the machine has another base than the journal');
    if (state.connected !== this.#connected.size)
      broken(
        'round-blocked',
        `the machine counts ${state.connected} nodes, ${this.#connected.size} are there`,
      );
    if (open !== null && state.phase !== 'waiting') {
      if (state.contributions > open.contributed.size)
        broken('exactly-once', `the machine counts ${state.contributions} of ${open.contributed.size}`);
      beginGrace(open, this.#limits, now);
      if (state.phase === 'open' && state.workEndsAt !== open.workEndsAt)
        broken('round-moment', 'the machine has another moment than the plan');
    }
    this.#notBlocked(now);
  }

  /** Whether a node has contributed to a round that is open, or was committed last; with arrivals, to any. */
  hasContributed(node: NodeNumber, round: number): boolean {
    if (this.begun !== null) return this.begun.has(node, round);
    return [this.#open, this.#before].some((one) => one?.round === round && one.contributed.has(node));
  }

  /** Whether the newest of a node's contributions that are in bases has this payload. */
  counts(node: NodeNumber, payload: Hash): boolean {
    return this.#counted.get(node) === payload;
  }

  /** Every acknowledged contribution is in its base once, or in an attempt that the journal calls abandoned. */
  ended(acknowledged: Iterable<number>): void {
    checkFates(this.#entries, acknowledged);
  }

  #opened(entry: VirtualEntry & { kind: 'round-opened' }, now: number): void {
    const { round, attempt, base } = entry;
    if (this.#open !== null) broken('bases-advance', `round ${round} opens while another is open`);
    if (round !== this.committed + 1 || round > this.#limits.rounds)
      broken('bases-advance', `round ${round} opens after round ${this.committed}`);
    if (attempt !== this.#attempt + 1) broken('bases-advance', `attempt ${attempt} follows ${this.#attempt}`);
    if (base !== baseHash(this.#base)) broken('same-base', `round ${round} opens on another base`);
    if (this.#connected.size < this.#limits.quorum) broken('round-limits', 'a round opens below its quorum');
    this.#attempt = attempt;
    this.begun?.opened();
    this.#terms.quality?.opened(entry);
    const taking = [...this.#connected].filter((node) => !this.#resting.has(node));
    this.#open = openRound(entry, { ...this.#base, round }, taking, this.#limits, now);
  }

  #accepted(entry: VirtualContribution): void {
    const { node, payload, round, countsIn, attempt, base, part } = entry;
    const [open, { staleness = 0 }] = [this.#opening('contribution-accepted'), this.#terms];
    if (open.isClosed) broken('exactly-once', 'a contribution comes after its round was closed');
    if (
      countsIn !== open.round ||
      round > countsIn ||
      round < countsIn - staleness ||
      attempt !== open.attempt
    )
      broken('exactly-once', `a contribution to round ${round} is accepted in round ${open.round}`);
    if (base !== this.baseBefore(round)) broken('same-base', 'a contribution from another base is accepted');
    this.begun?.accepted(entry);
    this.#terms.quality?.accepted(entry);
    this.bases?.accepted(entry);
    if (open.contributed.has(node)) broken('exactly-once', `node ${node} contributes twice to a round`);
    const isExpected = open.expected.has(node);
    open.contributed.set(node, payload);
    addTo(open, payload, part, this.#limits);
    const takesPart = this.#connected.has(node) && !this.#resting.has(node);
    hear(open, { isExpected, takesPart });
    const hasPlace = isExpected || open.admitted.has(node) || this.begun !== null;
    if (open.contributed.size > this.#limits.target || !hasPlace)
      broken('round-limits', 'the place of an expected node is given away');
  }

  #closed(now: number): void {
    const open = this.#opening('round-closed');
    if (open.isClosed) broken('exactly-once', 'a round is closed twice');
    if (open.contributed.size < this.#limits.quorum)
      broken('round-limits', 'a round closes below its quorum');
    if (!open.mayClose) broken('round-limits', 'a round closes before its nodes had their time');
    open.isClosed = true;
    this.#closedBy = hexOf(`entry ${this.#entries.length}`);
    this.evaluators?.closed(this.#closedBy, now);
  }

  #committed(entry: VirtualEntry & { kind: 'round-committed' }): void {
    const { round, contributions, base } = entry;
    const open = this.#opening('round-committed');
    if (!open.isClosed) broken('bases-advance', `round ${round} is committed before it is closed`);
    if (round !== this.committed + 1) broken('bases-advance', `round ${round} follows ${this.committed}`);
    const sums = this.#terms.quality?.committed(entry, { ...this.#base, round }) ?? open.next;
    if (contributions !== open.contributed.size || base.sum !== sums.sum || base.squares !== sums.squares)
      broken('exactly-once', `the base of round ${round} is not made of what was accepted`);
    this.bases?.committed(entry, sums, countedIn(open));
    this.#base = base;
    this.#bases.push(baseHash(base));
    this.#attempt = 0;
    for (const [node, payload] of open.contributed) this.#counted.set(node, payload);
    this.#before = open;
    this.#open = null;
  }

  #abandoned(entry: VirtualEntry & { kind: 'round-abandoned' }, now: number): void {
    const open = this.#opening(entry.kind);
    if (entry.loss === null) checkAbandoned(open, this.#limits, now);
    else this.bases?.refused(entry, open.next, countedIn(open));
    this.abandoned++;
    this.begun?.abandoned();
    this.#open = null;
  }

  #opening(kind: VirtualEntry['kind']): OpenRound {
    return this.#open ?? broken('bases-advance', `${kind} comes while no round is open`);
  }

  /** Whatever is due happens soon, whoever is gone. */
  #notBlocked(now: number): void {
    const why = this.#alive && now >= this.#diskFailsUntil && !this.#complete ? this.#whyDue(now) : null;
    if (why === null) this.#dueSince = null;
    else this.#dueSince ??= now;
    if (this.#dueSince !== null && now - this.#dueSince > this.#slack)
      broken(
        why === momentIsOver ? 'round-moment' : why === arrivalWaits ? 'arrival-waits' : 'round-blocked',
        `nothing happens for ${Math.round(now - this.#dueSince)} ms although ${why}`,
      );
  }

  #whyDue(now: number): string | null {
    const { quorum, rounds } = this.#limits;
    const open = this.#open;
    if (open === null) {
      if (this.committed === rounds) return 'the last round is committed';
      return this.#connected.size >= quorum && this.#terms.isAwaited?.() !== true
        ? 'enough nodes are there'
        : null;
    }
    if (open.isClosed && this.evaluators?.isAwaited(now) === true) return null;
    return whyEnds(open, this.#limits, now) ?? this.begun?.whyWaits(open, this.#limits) ?? null;
  }
}
