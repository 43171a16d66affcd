import type { Round, SessionEvent } from '../../../../client/contribute/session/state.ts';
import type { PartName } from '../../../../relay/wire/fragments.ts';
import type { Hash } from '../../../../relay/wire/hex.ts';
import type { RelayInvariants } from '../invariants/relay-invariants.ts';
import type { NodeNumber, VirtualOffer } from './messages.ts';
import type { VirtualBase } from './virtual-base.ts';

/** The node whose work this is. */
export interface WorkOwner {
  readonly number: NodeNumber;
  /** Milliseconds that one local step on the whole model takes. */
  readonly stepMs: number;
  /** Claims all local steps of a round and does one. */
  readonly boasts: boolean;
  /** How many rounds old its work may be: more than 0 in a run with arrivals. */
  readonly staleness: number;
  readonly invariants: RelayInvariants;
  /** When a timed round's training ends, in milliseconds from now; infinite while it has no plan. Null for fixed steps. */
  workLeft(): number | null;
  /** What the session trains from now on. */
  part(): PartName;
  dispatch(event: SessionEvent): void;
  /** Runs `act` after so many milliseconds, if the process still runs. */
  later(milliseconds: number, act: () => void): void;
  /** Null where the base cannot be had. The returned function ends the download. */
  download(base: Hash, done: (base: VirtualBase | null) => void): () => void;
  unreachable(): void;
}

/** What a node does for its session: bases, and contributions to rounds. */
export interface Work {
  /** The number of the job that runs; null without one. */
  readonly job: number | null;
  /** The steps of the job that runs so far, or of the last one that trained. */
  readonly steps: number;
  /** The part that it trains or trained last, also of what the disk holds. */
  readonly part: PartName;
  /** True for a node whose work is not lost when it comes late, so that it never only follows. */
  readonly isNeverLate: boolean;
  /** What a process that ended leaves in memory. */
  forget(): void;
  /** The relay welcomed the node; the event of a contribution from before this process, if there is one. */
  welcomed(): SessionEvent | null;
  /** The connection to the relay that had welcomed the node is gone. */
  lost(): void;
  /** The session ended. */
  ended(): void;
  sync(job: number, round: Round): void;
  train(job: number, round: Round): void;
  stop(): void;
  hold(isHeld: boolean): void;
  /** The contribution with this payload. Throws InvariantError if it is not the one that the node has. */
  made(payload: Hash): VirtualOffer;
  /** The relay accepted the contribution; a null sequence says that it has one of this node already. */
  accept(payload: Hash, sequence: number | null): void;
  settle(payload: Hash): void;
  /** The contribution does not count. */
  discard(payload: Hash): void;
}
