import { decodeManifest } from '../wire/frames.ts';
import { fromHex, type Hash, type NodeKey } from '../wire/hex.ts';
import { RefusalCode } from '../wire/tapestry_pb.js';
import type { Contribution } from './contribution.ts';
import type { EntryOf } from './entry.ts';
import type { Accepted } from './event-log.ts';

/** How many rounds older than the open one the round may be whose base a contribution began from: 0 but in a run with arrivals. */
export function stalenessOf({ body }: EntryOf<'run-created'>): number {
  const { pace } = decodeManifest(fromHex(body.manifest));
  return pace.case === 'arrivals' ? pace.value.maxStaleness : 0;
}

/** What a contribution's entry says of rounds, keys and payloads. */
export interface AcceptedFacts {
  readonly body: Pick<Contribution, 'round' | 'key' | 'payload'>;
}

/** The attempt in which a contribution counts, which may be one at a later round than the contribution names. */
export interface CountedIn<One extends AcceptedFacts = Accepted> {
  readonly accepted: One;
  readonly round: number;
  readonly attempt: number;
}

/** A payload that was contributed: by which key first, and what became of it, if it may not be contributed again. */
interface Contributed {
  readonly key: NodeKey;
  /** `guard`: the guard did not allow the base of an attempt that had it. */
  readonly end: 'counted' | 'guard' | null;
}

interface RecentRound<Facts, One extends AcceptedFacts> {
  /** That of its latest attempt. */
  readonly base: Hash;
  readonly facts: Facts;
  /** The contributions that began from this round's base. */
  readonly begun: Map<NodeKey, CountedIn<One>>;
  /** The payloads that were contributed to this round, in its latest attempt or an earlier one. */
  readonly payloads: Map<Hash, Contributed>;
}

/** Why a contribution cannot follow the entries before it. */
export type RecentProblem = 'round' | 'base' | 'key' | 'payload' | 'guard';

/** What its entry says wrong, and with which code the relay refuses it. */
export const recentProblems: Readonly<Record<RecentProblem, ProblemTold>> = {
  round: {
    ...{ field: 'body.round', problem: 'is not a round that contributions may begin from now' },
    code: RefusalCode.STALE_BASE,
  },
  base: { field: 'body.base', problem: 'is not the base of its round', code: RefusalCode.STALE_BASE },
  key: { field: 'body.key', problem: 'has contributed to this round already', code: RefusalCode.DUPLICATE },
  payload: {
    ...{ field: 'body.payload', problem: 'is the payload of another node, or counted before' },
    code: RefusalCode.DUPLICATE,
  },
  guard: {
    ...{ field: 'body.payload', problem: 'was in an attempt whose base the guard did not allow' },
    code: RefusalCode.GUARD,
  },
};

interface ProblemTold {
  readonly field: string;
  readonly problem: string;
  readonly code: RefusalCode;
}

/**
 * The rounds that contributions may still begin from: the one that opened last, and the `staleness` ones before it. It decides what counts
 * once: a key has one contribution for each round that it began from and one in each attempt, and a payload that counted, or that
 * another key contributed first, does not count again. Memory is O(contributions of these rounds), and each call O(1) but for the ends of rounds.
 */
export class RecentRounds<Facts, One extends AcceptedFacts = Accepted> {
  /** See `stalenessOf`. */
  readonly staleness: number;
  readonly #rounds = new Map<number, RecentRound<Facts, One>>();
  /** The latest attempt, and its contributions. */
  #latest = { round: 0, attempt: 0 };
  #attempt: One[] = [];
  #isClosed = false;

  constructor(staleness: number) {
    this.staleness = staleness;
  }

  /** An attempt at a round opened; `facts` are those of its first attempt. */
  opened({ round, attempt, base }: EntryOf<'round-opened'>['body'], facts: Facts): void {
    this.#latest = { round, attempt };
    this.#attempt = [];
    this.#isClosed = false;
    const before = this.#rounds.get(round) ?? { facts, begun: new Map(), payloads: new Map() };
    // Between two attempts the run may have adopted another base.
    this.#rounds.set(round, { ...before, base });
    for (const old of this.#rounds.keys()) {
      if (old >= round - this.staleness) break;
      this.#rounds.delete(old);
    }
  }

  /** The facts of a round that contributions may begin from; undefined for any other. */
  factsOf(round: number): Facts | undefined {
    return this.#rounds.get(round)?.facts;
  }

  /** Null for a contribution that can be accepted into the latest attempt, as far as that follows from rounds. */
  problemOf({
    round,
    base,
    key,
    payload,
  }: Pick<Contribution, 'round' | 'base' | 'key' | 'payload'>): RecentProblem | null {
    const begun = this.#rounds.get(round);
    if (begun === undefined) return 'round';
    if (begun.base !== base) return 'base';
    if (begun.begun.has(key)) return 'key';
    for (const { payloads } of this.#rounds.values()) {
      const known = payloads.get(payload);
      if (known !== undefined && (known.key !== key || known.end === 'counted')) return 'payload';
      if (known?.end === 'guard') return 'guard';
    }
    return null;
  }

  /** The contribution of a key that began from a round, if it is accepted. */
  begunFrom(round: number, key: NodeKey): CountedIn<One> | undefined {
    return this.#rounds.get(round)?.begun.get(key);
  }

  /** Whether a payload of the latest round may still count, or be contributed again: none once `closed` or `committed` was called. */
  isUnderWay(payload: Hash): boolean {
    return !this.#isClosed && (this.#rounds.get(this.#latest.round)?.payloads.has(payload) ?? false);
  }

  /** A contribution, for which `problemOf` is null, was accepted into the latest attempt. */
  accepted(entry: One): void {
    const { round, key, payload } = entry.body;
    this.#attempt.push(entry);
    this.#rounds.get(round)?.begun.set(key, { accepted: entry, ...this.#latest });
    this.#rounds.get(this.#latest.round)?.payloads.set(payload, { key, end: null });
  }

  /** The latest attempt accepts no more, and its payloads can be read. */
  closed(): void {
    this.#isClosed = true;
  }

  /** The latest attempt made a base: its contributions count, and its payloads never again. */
  committed(): void {
    this.#isClosed = true;
    this.#end('counted');
  }

  /** The latest attempt made none: its contributions may come again, but not those of a base that the guard did not allow. */
  abandoned(isJudged: boolean): void {
    for (const { body } of this.#attempt) this.#rounds.get(body.round)?.begun.delete(body.key);
    if (isJudged) this.#end('guard');
    this.#attempt = [];
  }

  #end(end: 'counted' | 'guard'): void {
    const payloads = this.#rounds.get(this.#latest.round)?.payloads;
    for (const { body } of this.#attempt) payloads?.set(body.payload, { key: body.key, end });
  }
}
