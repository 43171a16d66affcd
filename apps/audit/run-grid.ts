import type { Entry, EntryOf } from '../../relay/journal/entry.ts';
import type { Problem } from '../../relay/verify/problems.ts';
import type { NodeKey } from '../../relay/wire/hex.ts';
import type { Derived } from './worker/worker-api.ts';

export type Accepted = EntryOf<'contribution-accepted'>;

export type CellState =
  | 'derived'
  | 'left-out'
  | 'changed'
  | 'not-merged'
  | 'not-kept'
  | 'waiting'
  | 'unreached';

export type StepResult = 'held' | 'changed' | 'waiting' | 'unreached' | 'not-kept' | 'not-merged';
export type StepName = 'entry' | 'checkpoint' | 'signature' | 'payload' | 'delta' | 'base';

/** One step of a contribution's check, in the verifier's order, and what it found wrong. */
export interface Step {
  readonly name: StepName;
  readonly result: StepResult;
  readonly problem: Problem | null;
}

/** What the journal says of a round: where it was opened last, and its commit. */
interface Round {
  readonly opened: number;
  readonly commit: EntryOf<'round-committed'> | null;
  readonly contributions: ReadonlyMap<NodeKey, readonly Accepted[]>;
}

/** A problem, the entry that it names, and the file. */
interface Placed {
  readonly problem: Problem;
  readonly sequence: number | null;
  readonly field: string;
}

/**
 * The rounds and nodes of a run as an audit reads them, each contribution with the state of its check. Immutable.
 * `derived` says how far the bases were derived; `problems` is null until the audit is over.
 */
export class RunGrid {
  readonly nodes: readonly NodeKey[];
  readonly derived: Derived | null;
  readonly #rounds: ReadonlyMap<number, Round>;
  readonly #problems: readonly Placed[] | null;
  /** The round in which each contribution counts, by its sequence: a grid and those made from it share it, and it only grows. */
  readonly #counted: Map<number, number>;

  constructor(
    rounds: ReadonlyMap<number, Round> = new Map(),
    nodes: readonly NodeKey[] = [],
    derived: Derived | null = null,
    problems: readonly Placed[] | null = null,
    counted: Map<number, number> = new Map(),
  ) {
    this.#rounds = rounds;
    this.nodes = nodes;
    this.derived = derived;
    this.#problems = problems;
    this.#counted = counted;
  }

  /** The rounds that were opened so far. */
  get rounds(): number {
    return this.#rounds.size;
  }

  with(entries: readonly Entry[], derived: Derived | null): RunGrid {
    const rounds = new Map(this.#rounds);
    const nodes = new Set(this.nodes);
    const changed = new Map<number, Map<NodeKey, readonly Accepted[]>>();
    const change = (number: number, changes: Partial<Round>) => {
      const round = rounds.get(number) ?? { opened: 0, commit: null, contributions: new Map() };
      rounds.set(number, { ...round, ...changes });
    };
    for (const entry of entries) {
      if (entry.kind === 'round-opened') change(entry.body.round, { opened: entry.sequence });
      if (entry.kind === 'round-committed') change(entry.body.round, { commit: entry });
      if (entry.kind !== 'contribution-accepted') continue;
      const { key } = entry.body;
      // It counts in the round that is open, and may have begun from the base of an earlier one. Rounds are numbered from 1.
      const round = rounds.size;
      this.#counted.set(entry.sequence, round);
      const contributions = changed.get(round) ?? new Map(rounds.get(round)?.contributions);
      contributions.set(key, [...(contributions.get(key) ?? []), entry]);
      changed.set(round, contributions);
      change(round, { contributions });
      nodes.add(key);
    }
    return new RunGrid(rounds, [...nodes], derived, this.#problems, this.#counted);
  }

  /** The grid after the audit, with what it found. */
  judgedBy(problems: readonly Problem[]): RunGrid {
    return new RunGrid(this.#rounds, this.nodes, this.derived, problems.map(placed), this.#counted);
  }

  /** The round in which a contribution counts, or would if it had committed. */
  roundOf({ sequence, body }: Accepted): number {
    return this.#counted.get(sequence) ?? body.round;
  }

  /** The contributions of a node to a round: more than one if the round was opened again. */
  contributions(round: number, node: NodeKey): readonly Accepted[] {
    return this.#rounds.get(round)?.contributions.get(node) ?? [];
  }

  /** True if a problem names an entry of this round that is no contribution, or comes right after its last entry. */
  isRoundChanged(number: number): boolean {
    const round = this.#rounds.get(number);
    if (round === undefined) return false;
    const next = this.#rounds.get(number + 1)?.opened ?? Number.POSITIVE_INFINITY;
    const theirs = new Set([...round.contributions.values()].flat().map(({ sequence }) => sequence));
    return (this.#problems ?? []).some(
      ({ sequence }) =>
        sequence !== null && sequence >= round.opened && sequence < next && !theirs.has(sequence),
    );
  }

  stateOf(contribution: Accepted): CellState {
    const round = this.roundOf(contribution);
    if (this.#own(contribution).length > 0) return 'changed';
    if (!this.#isOfCommit(contribution)) return 'not-merged';
    if (this.derived !== null && round < this.derived.from) return 'not-kept';
    if (this.derived === null || round > this.derived.round)
      return this.#problems === null ? 'waiting' : 'unreached';
    return this.isLeftOut(contribution) ? 'left-out' : 'derived';
  }

  /** The contribution at an entry of the journal; null for another entry. */
  at(sequence: number): Accepted | null {
    for (const { contributions } of this.#rounds.values())
      for (const theirs of contributions.values()) {
        const found = theirs.find((contribution) => contribution.sequence === sequence);
        if (found !== undefined) return found;
      }
    return null;
  }

  /** The base that the journal has for a round; null before its commit. */
  baseOf(round: number): string | null {
    return this.#rounds.get(round)?.commit?.body.state[0] ?? null;
  }

  /** True if the commit says that this contribution does not count. */
  isLeftOut(contribution: Accepted): boolean {
    const { sequence } = contribution;
    const { excluded = [], weighed = [] } = this.#rounds.get(this.roundOf(contribution))?.commit?.body ?? {};
    const isNothing = weighed.some((one) => one.sequence === sequence && one.tokens === 0);
    return isNothing || excluded.includes(sequence);
  }

  /** Each step of a contribution's check. A step before one that failed holds; the rest of such a round was not reached. */
  stepsOf(contribution: Accepted): readonly Step[] {
    const state = this.stateOf(contribution);
    const commit = this.#rounds.get(this.roundOf(contribution))?.commit?.sequence ?? null;
    const found = new Map<StepName, Problem>();
    for (const placed of this.#own(contribution)) found.set(stepOf(placed), placed.problem);
    for (const placed of this.#problems ?? []) {
      if (placed.sequence === null || placed.sequence !== commit) continue;
      found.set(placed.field.startsWith('body.checkpoint') ? 'checkpoint' : 'base', placed.problem);
    }
    const lastFailed = names.findLastIndex((name) => found.has(name));
    return names.map((name, index) => {
      const problem = found.get(name) ?? null;
      if (problem !== null) return { name, result: 'changed', problem };
      return {
        name,
        result: index < lastFailed ? 'held' : this.#resultIn(state, name, commit !== null),
        problem,
      };
    });
  }

  /** The result of a step in which no problem was found, by the contribution's state and whether its round committed. */
  #resultIn(state: CellState, name: StepName, isCommitted: boolean): StepResult {
    if (name === 'entry' || state === 'derived' || state === 'left-out') return 'held';
    const isBeforePayload = name === 'checkpoint' || name === 'signature';
    if (state === 'not-kept') return isBeforePayload ? 'held' : 'not-kept';
    if (state !== 'not-merged') return state === 'waiting' ? 'waiting' : 'unreached';
    if (name === 'base') return 'not-merged';
    if (this.#problems?.length !== 0) return 'unreached';
    // A relay withholds the payloads of its open round.
    return isCommitted || name === 'signature' ? 'held' : 'waiting';
  }

  #isOfCommit(contribution: Accepted): boolean {
    const round = this.#rounds.get(this.roundOf(contribution));
    if (round === undefined || contribution.sequence < round.opened) return false;
    // While entries still come, the round may yet commit.
    return round.commit !== null || this.#problems === null;
  }

  /** The problems that name this contribution's entry or its payload. */
  #own({ sequence, body }: Accepted): readonly Placed[] {
    return (this.#problems ?? []).filter(
      (placed) => placed.sequence === sequence || placed.problem.place.endsWith(`/${body.payload}`),
    );
  }
}

/** In the order in which the verifier takes them. */
const names: readonly StepName[] = ['entry', 'checkpoint', 'signature', 'payload', 'delta', 'base'];

function stepOf({ sequence, field }: Placed): StepName {
  if (sequence === null) return 'payload';
  if (field === 'body.signature') return 'signature';
  return field === 'body.payload' ? 'delta' : 'entry';
}

/** Reads the place as `EntryError` writes it. */
function placed(problem: Problem): Placed {
  const [, sequence, field = ''] = /^journal entry (\d+), (\S+)$/.exec(problem.place) ?? [];
  return { problem, sequence: sequence === undefined ? null : Number(sequence), field };
}
