import type { VirtualEntry } from '../relay/journal.ts';
import type { NodeNumber } from '../world/messages.ts';
import type { Watcher } from '../world/world.ts';

/** What a run at scale did in one round. */
export interface RoundFigures {
  readonly round: number;
  /** From its first opening to its commit. */
  readonly milliseconds: number;
  readonly attempts: number;
  readonly present: number;
  readonly contributions: number;
  readonly tokens: number;
}

/** Of one speed class, over all rounds. */
export interface ClassFigures {
  /** Summed over the rounds: nodes that were there at the commit or had contributed, and contributions in the base. */
  present: number;
  counted: number;
  tokens: number;
  /** Tokens that its devices could have trained while they were there. */
  possible: number;
}

/** Measures a world at scale. Its cost is O(1) an event, and O(nodes) a round. */
export class Measurements implements Watcher {
  readonly rounds: RoundFigures[] = [];
  readonly classes: readonly ClassFigures[];
  readonly #classOf: readonly number[];
  readonly #now: () => number;
  #openedAt: number | null = null;
  #attempts = 0;
  /** The nodes that contributed to the open attempt. */
  #contributors: NodeNumber[] = [];
  #tokens: number[] = [];

  /** `classOf` is the class of each node; `now` the virtual time. */
  constructor(classes: number, classOf: readonly number[], now: () => number) {
    this.#classOf = classOf;
    this.#now = now;
    this.classes = Array.from({ length: classes }, () => ({
      present: 0,
      counted: 0,
      tokens: 0,
      possible: 0,
    }));
  }

  entry(entry: VirtualEntry, connected: ReadonlySet<NodeNumber>): void {
    if (entry.kind === 'round-opened') {
      this.#openedAt ??= this.#now();
      this.#attempts++;
      this.#contributors = [];
      this.#tokens = [];
    } else if (entry.kind === 'contribution-accepted') {
      this.#contributors.push(entry.node);
      this.#tokens.push(entry.tokens);
    } else if (entry.kind === 'round-committed') this.#committed(entry, connected);
  }

  effect(): void {}

  fault(): void {}

  #committed(
    { round, contributions, tokens }: VirtualEntry & { kind: 'round-committed' },
    connected: ReadonlySet<NodeNumber>,
  ): void {
    let present = connected.size;
    for (const node of connected) this.#figuresOf(node).present++;
    for (const [index, node] of this.#contributors.entries()) {
      const figures = this.#figuresOf(node);
      figures.counted++;
      figures.tokens += this.#tokens[index] ?? 0;
      if (connected.has(node)) continue;
      figures.present++;
      present++;
    }
    const milliseconds = this.#now() - (this.#openedAt ?? 0);
    this.rounds.push({ round, milliseconds, attempts: this.#attempts, present, contributions, tokens });
    this.#openedAt = null;
    this.#attempts = 0;
  }

  #figuresOf(node: NodeNumber): ClassFigures {
    const figures = this.classes[this.#classOf[node] ?? -1];
    if (figures === undefined) throw new RangeError(`node ${node} has no class`);
    return figures;
  }
}
