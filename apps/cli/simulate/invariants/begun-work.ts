import type { VirtualContribution } from '../relay/journal.ts';
import type { NodeNumber } from '../world/messages.ts';
import { broken } from './invariant.ts';
import type { OpenRound } from './open-round.ts';

/** Why a run with arrivals is due to write something. */
export const arrivalWaits = 'an arrival waits, and the open round has a place for it';

/** Which work of which node counts, in a run with arrivals: each node's work on a base counts once, in whichever round. */
export class BegunWork {
  /** By the node and the round that it began from: the entry of its work. */
  readonly #counts = new Map<string, number>();
  /** Of the open attempt. */
  #attempt: string[] = [];
  /** Nodes whose uploads are complete, and neither accepted nor refused. */
  readonly waiting = new Set<NodeNumber>();
  readonly #staleness: number;

  /** `staleness`: how many rounds old work may be. */
  constructor(staleness: number) {
    this.#staleness = staleness;
  }

  opened(): void {
    this.#attempt = [];
  }

  accepted({ node, round, sequence }: VirtualContribution): void {
    const name = `${node} of ${round}`;
    if (this.#counts.has(name)) broken('exactly-once', `node ${node}'s work on round ${round} counts twice`);
    this.#counts.set(name, sequence);
    this.#attempt.push(name);
  }

  /** What the attempt had accepted counts nowhere, and may come again. */
  abandoned(): void {
    for (const name of this.#attempt) this.#counts.delete(name);
    this.#attempt = [];
  }

  has(node: NodeNumber, round: number): boolean {
    return this.#counts.has(`${node} of ${round}`);
  }

  /** The relay refuses work from the base of a round, after so many commits, though its disk works. */
  refused(node: NodeNumber, round: number, committed: number): void {
    const isRecent = round <= committed + 1 && round > committed - this.#staleness;
    if (isRecent && !this.has(node, round))
      broken('steps-lost', `node ${node}'s work on round ${round} is refused, and could count`);
  }

  /** Why the relay is due to accept something; null while it is not. */
  whyWaits({ contributed, isClosed }: OpenRound, { target }: { readonly target: number }): string | null {
    if (isClosed || contributed.size >= target) return null;
    return [...this.waiting].some((node) => !contributed.has(node)) ? arrivalWaits : null;
  }
}
