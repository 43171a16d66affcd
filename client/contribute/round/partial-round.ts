import type { Checkpoint } from '../../train/checkpoint.ts';
import type { DoneSteps } from '../../train/loop/snapshots.ts';

/** A round of which some steps are trained: what the rest depends on, besides the place itself. */
export interface PartialRound extends DoneSteps {
  /** Loss of the round's base on this node's own held-out text, in nats per token. */
  readonly heldOutLoss: number;
  /** Updates that the optimizer had made before the round. */
  readonly updatesBefore: number;
}

/** A place in a round, from which another process trains its remaining steps with the same bits. */
export interface RoundPlace extends PartialRound {
  readonly checkpoint: Checkpoint;
  /** See `joinedAt` in rejoin.ts. */
  readonly joinedAt: number | null;
}

/** How a round is trained in parts. */
export interface InParts {
  /** The part that is done, at whose end the node is; null for a round that begins. */
  readonly done: PartialRound | null;
  /** Called with each place that training could resume from. `isAsked` if the process may end soon. */
  readonly onPlace: (place: RoundPlace, isAsked: boolean) => void;
}
