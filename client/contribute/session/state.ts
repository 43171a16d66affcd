import type { PartName } from '../../../relay/wire/fragments.ts';
import type { GoodbyeReason, RefusalCode } from '../../../relay/wire/tapestry_pb.js';
import type { TapestryError } from '../../errors.ts';
import type { ContributionFate, ContributorEvent, PlanTimes } from '../events.ts';
import { fresh, type Standing } from './following.ts';
import type { GrantedPart, PartChoice } from './part.ts';

/** State of a node: its connection to the relay and its work on a round, which advance independently. */
export interface Session {
  readonly connection: 'down' | 'connecting' | 'joining' | 'up';
  readonly work: Work;
  /** The round that the relay last said is open; null between rounds. */
  readonly open: Round | null;
  /** How long the open round lasts; null while the relay has not said. */
  readonly plan: RoundPlan | null;
  /** The last attempt at a round that this node completed or dropped, whether or not the relay accepted it. */
  readonly settled: Round | null;
  /** Null for a node that never only follows, because its work is not lost when it comes late. */
  readonly standing: Standing | null;
  /** What the node trains, in a run that grants its upper layers; null in any other. */
  readonly part: PartChoice | null;
  /** The newest base that this node heard of in a commit; null before the first. */
  readonly newest: { readonly round: number; readonly base: string } | null;
  readonly paused: boolean;
  /** True if the session ends when its work is settled; with `leaving`, it also ends when the connection is lost. */
  readonly finishing: boolean;
  readonly leaving: boolean;
  /** True once a relay has welcomed this session. */
  readonly known: boolean;
  /** How many rounds old the round may be that work began from: more than 0 in a run with arrivals. */
  readonly staleness: number;
  /** Failed connections since the last one that lasted: see `steadyMilliseconds`. */
  readonly attempt: number;
  /** Number of the current job (sync or train). Reports of a stopped job have an older number and are ignored. */
  readonly job: number;
  readonly ended: boolean;
}

export interface Round {
  readonly round: number;
  /** Hash of the base, hex. */
  readonly base: string;
  /** Counts from 1; an abandoned round opens again as the next attempt. 0 while the node does not know the attempt. */
  readonly attempt: number;
  readonly localSteps: number;
  /** The greatest L2 norm of a delta; 0 while the node does not know it. */
  readonly normBound: number;
}

/** How long an attempt at a timed round lasts, on this node's clock in milliseconds. */
export interface RoundPlan {
  readonly round: number;
  readonly attempt: number;
  /** When the node stops training: no later than its upload needs, as the relay measured it. */
  readonly workUntil: number;
}

/**
 * Work on one round, in order. `ready` means trained, but not yet offered over the current connection. What was accepted is held until
 * its round is over: if the attempt is abandoned, it is offered again to the next one. `asked` is offered again after its round is over:
 * the relay answers with the receipt if it counts, and refuses it if it does not.
 */
export type Work =
  | { readonly kind: 'idle' }
  | { readonly kind: 'syncing' | 'training'; readonly round: Round }
  | {
      readonly kind: 'ready' | 'offered' | 'uploading';
      readonly round: Round;
      /** Hash of the contribution's payload, hex. */
      readonly payload: string;
      /** True if the relay accepted it in an attempt that was abandoned. */
      readonly again: boolean;
      /** True if a connection broke over which it was, or may have been, offered: the relay may have accepted it. */
      readonly inDoubt: boolean;
    }
  | {
      readonly kind: 'asked';
      readonly round: Round;
      readonly payload: string;
      /** True if the relay accepted it in an attempt that may have been abandoned. */
      readonly again: boolean;
    }
  | {
      readonly kind: 'accepted';
      readonly round: Round;
      readonly payload: string;
      /** True if a connection broke since: its attempt may have been abandoned. */
      readonly inDoubt: boolean;
      /** The attempt in which it counts, if the relay named one; else it is that of `round`. */
      readonly counts?: CountedIn;
    };

/** An attempt at a round in which a contribution counts. */
export interface CountedIn {
  readonly round: number;
  readonly attempt: number;
}

export type SessionEvent =
  | { readonly kind: 'start' | 'connected' | 'retry' }
  /** A contribution from before this process started; precedes the first `welcomed`. */
  | {
      readonly kind: 'restored';
      readonly round: Round;
      readonly payload: string;
      readonly acknowledged: boolean;
      readonly counts?: CountedIn;
    }
  /** The model is open, for the training of this part; the run grants its upper layers. */
  | { readonly kind: 'granted'; readonly granted: GrantedPart; readonly part: PartName }
  /** `staleness` is that of `Session`; 0 unless given. */
  | { readonly kind: 'welcomed'; readonly round: number; readonly base: string; readonly staleness?: number }
  /** The connection has lasted `steadyMilliseconds` since its Welcome. */
  | { readonly kind: 'steady' }
  | { readonly kind: 'opened'; readonly round: Round }
  | { readonly kind: 'planned'; readonly plan: RoundPlan; readonly times: PlanTimes }
  | { readonly kind: 'resume'; readonly payload: string; readonly offset: number }
  | {
      readonly kind: 'acknowledged';
      readonly payload: string;
      readonly sequence: number;
      readonly counts?: CountedIn;
    }
  | { readonly kind: 'refused'; readonly code: RefusalCode; readonly round: number; readonly jitter: number }
  | {
      readonly kind: 'committed';
      readonly round: number;
      readonly base: string;
      readonly contributions: number;
      readonly tokens: number;
      readonly fate: ContributionFate | null;
    }
  | { readonly kind: 'abandoned'; readonly round: number }
  | { readonly kind: 'goodbye'; readonly reason: GoodbyeReason; readonly jitter: number }
  /** The socket closed or could not be opened, or a base could not be fetched. `jitter` is uniform over [0, 1). */
  | { readonly kind: 'disconnected'; readonly problem: TapestryError; readonly jitter: number }
  /** The node has the base. */
  | { readonly kind: 'synced'; readonly job: number }
  | { readonly kind: 'trained'; readonly job: number; readonly payload: string }
  /** Training the round produced no finite delta. */
  | { readonly kind: 'diverged'; readonly job: number }
  /** An error that no retry solves. */
  | { readonly kind: 'failed'; readonly problem: Error }
  /** The person lets the node work faster than before. */
  | { readonly kind: 'faster' }
  | { readonly kind: 'pause' | 'resume-work' | 'finish' | 'leave' };

export type Effect =
  | { readonly kind: 'connect' | 'disconnect' }
  | { readonly kind: 'wait'; readonly milliseconds: number }
  | { readonly kind: 'sync' | 'train'; readonly job: number; readonly round: Round }
  /** Stop the current job at its next step. */
  | { readonly kind: 'stop' }
  /** End training at its next step: its round is over, and what was trained returns to the error feedback. */
  | { readonly kind: 'conclude' }
  /** Pause training at its next step, or resume it. */
  | { readonly kind: 'hold' | 'release' }
  /** The node is too slow, and only follows the next `rounds`: `round` closed while it was still at that. */
  | {
      readonly kind: 'follow';
      readonly round: number;
      readonly was: 'syncing' | 'training' | 'sending';
      readonly localSteps: number;
      readonly rounds: number;
    }
  | { readonly kind: 'offer'; readonly payload: string }
  | { readonly kind: 'upload'; readonly payload: string; readonly offset: number }
  /** The relay accepted the contribution. `sequence` is null if it says that it has it already. */
  | { readonly kind: 'accept'; readonly payload: string; readonly sequence: number | null }
  /** The contribution is final, so its rounding error becomes the residual; with `discard` it does not count, and returns whole. */
  | { readonly kind: 'settle' | 'discard'; readonly payload: string }
  | { readonly kind: 'tell'; readonly event: ContributorEvent }
  /** Send Leave if connected, disconnect, and end. `problem` is null unless the session failed. */
  | {
      readonly kind: 'end';
      readonly reason: 'finished' | 'interrupted' | 'complete' | 'failed';
      readonly problem: Error | null;
    };

export const idle: Work = { kind: 'idle' };

/** A session before its first connection. */
export const newSession: Session = {
  connection: 'down',
  work: idle,
  open: null,
  plan: null,
  settled: null,
  standing: fresh,
  part: null,
  newest: null,
  paused: false,
  finishing: false,
  leaving: false,
  known: false,
  staleness: 0,
  attempt: 0,
  job: 0,
  ended: false,
};

/** The next session, and the effects to run in order. */
export type Advanced = readonly [Session, readonly Effect[]];

export function tell(event: ContributorEvent): Effect {
  return { kind: 'tell', event };
}

export function end(
  session: Session,
  reason: (Effect & { kind: 'end' })['reason'],
  problem: Error | null,
): Advanced {
  return [{ ...session, ended: true }, [{ kind: 'stop' }, { kind: 'end', reason, problem }]];
}
