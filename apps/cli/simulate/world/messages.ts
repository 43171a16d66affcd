import type { Round, SessionEvent } from '../../../../client/contribute/session/state.ts';
import type { PartName } from '../../../../relay/wire/fragments.ts';
import type { Hash } from '../../../../relay/wire/hex.ts';
import type { RoundPlan } from '../../../../relay/wire/tapestry_pb.js';

/** A node's number, from 0: its key. */
export type NodeNumber = number;

/** What a node offers: the facts of an Offer that the machines need. */
export interface VirtualOffer {
  readonly payload: Hash;
  readonly round: number;
  readonly base: Hash;
  readonly steps: number;
  readonly part: PartName;
}

/** A node's report: the facts of a Heartbeat that the machines and the planner need. */
export interface VirtualHeartbeat {
  /** False for a node that only follows, or is paused. */
  readonly takesPart: boolean;
  readonly round: number;
  readonly steps: number;
  readonly stepMs: number;
}

/** A message from a node. `connection` counts the connections of a node; the relay answers on the same one. */
export type ToRelay = { readonly node: NodeNumber; readonly connection: number } & (
  | { readonly kind: 'join' }
  | ({ readonly kind: 'offer' } & VirtualOffer)
  /** The bytes of the last offer's payload from `from` to `to`. */
  | { readonly kind: 'chunk'; readonly from: number; readonly to: number }
  | ({ readonly kind: 'heartbeat' } & VirtualHeartbeat)
  /** The node closed the connection. */
  | { readonly kind: 'close' }
);

/** A message of the relay, as the event that it becomes; the node adds the jitter. */
export type ToNode =
  | Extract<
      SessionEvent,
      { readonly kind: 'welcomed' | 'opened' | 'resume' | 'acknowledged' | 'committed' | 'abandoned' }
    >
  | Omit<Extract<SessionEvent, { readonly kind: 'refused' }>, 'jitter'>
  | Omit<Extract<SessionEvent, { readonly kind: 'goodbye' }>, 'jitter'>
  | { readonly kind: 'plan'; readonly message: RoundPlan }
  /** The relay closed the connection. */
  | { readonly kind: 'closed' };

/** Bytes of a message with its framing; a chunk has its payload's bytes besides. */
export const messageBytes = 200;

export type { Round };
