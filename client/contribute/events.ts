import type { PartName } from '../../relay/wire/fragments.ts';
import type { ContributionFacts } from '../../relay/wire/offer.ts';
import type { KernelEvent } from '../train/loop/kernel-choice.ts';

/**
 * The events of a contributor, one JSON object each. They hold nothing of the corpus's text. Losses are in nats per token,
 * times in milliseconds, hashes in hex.
 */
export type ContributorEvent =
  | { readonly event: 'adapter'; readonly name: string; readonly software: boolean }
  | KernelEvent
  | {
      readonly event: 'joined';
      readonly run: string;
      readonly name: string;
      /** This node's public key. */
      readonly node: string;
      readonly corpus: string | null;
      readonly round: number;
      readonly rounds: number;
      readonly base: string;
      readonly parameters: number;
      readonly localSteps: number;
      readonly tokensPerStep: number;
      /** Bytes of memory that training takes on the adapter. */
      readonly trainingBytes: number;
    }
  /** The corpus in tokens of the run's tokenizer: those it trains on, and those held out. */
  | { readonly event: 'corpus'; readonly tokens: number; readonly heldOutTokens: number }
  /** The model is open on the adapter and its kernels are compiled. Once in a process. */
  | { readonly event: 'compiled'; readonly milliseconds: number }
  /** The node resumes from its saved state; `fresh` says why it cannot and starts without one. */
  | { readonly event: 'restored'; readonly round: number; readonly steps: number }
  | { readonly event: 'fresh'; readonly reason: string }
  /** The unfinished round is stored, so that another process can train it on after `step`. */
  | {
      readonly event: 'snapshot';
      readonly round: number;
      readonly step: number;
      readonly bytes: number;
      readonly milliseconds: number;
    }
  /** The unfinished round could not be stored; `reason` is the error's code. The node tries again. */
  | { readonly event: 'snapshot-failed'; readonly round: number; readonly reason: string }
  /** A round that another process began is trained on after `step`; follows the `round` event. */
  | { readonly event: 'round-resumed'; readonly round: number; readonly step: number; readonly steps: number }
  /** The round of the stored snapshot is over: its `steps` count through the error feedback, in the next delta. */
  | { readonly event: 'round-returned'; readonly round: number; readonly steps: number }
  /** A stored snapshot cannot be used, and its round begins anew; `reason` is the error's code. */
  | { readonly event: 'round-lost'; readonly reason: string }
  | { readonly event: 'syncing'; readonly round: number; readonly base: string }
  | {
      readonly event: 'synced';
      readonly round: number;
      readonly base: string;
      /** Bytes downloaded; 0 if the node had this base already. */
      readonly bytes: number;
      readonly milliseconds: number;
    }
  /** The relay planned the open round, which is timed. */
  | ({ readonly event: 'plan'; readonly round: number } & PlanTimes)
  | {
      readonly event: 'round';
      readonly round: number;
      readonly base: string;
      readonly steps: number;
      /**
       * Loss of the round's base on this node's own held-out text; of the node's own parameters, where it trains while the base
       * arrives.
       */
      readonly heldOutLoss: number;
    }
  /**
   * The loss of the run's last base on this node's own held-out text, measured once after the run is complete. No round begins from this base, so
   * nothing carries it to the relay.
   */
  | {
      readonly event: 'last-base';
      readonly round: number;
      readonly base: string;
      readonly heldOutLoss: number;
    }
  | {
      readonly event: 'step';
      readonly round: number;
      /** Steps completed, of the round's `steps`; `tokens` counts the tokens of the completed steps. */
      readonly step: number;
      readonly steps: number;
      readonly tokens: number;
      readonly loss: number;
      readonly tokensPerSecond: number;
    }
  | ({
      readonly event: 'contribution';
      /** L2 norm of the delta before clipping. */
      readonly norm: number;
    } & Pick<ContributionFacts, keyof ContributionFacts>)
  /**
   * The graphics card should encode the deltas and cannot: the processor does. `reason` is the error's code, and `encoding.wrong-numbers` where
   * the card gave other numbers than the processor. Once in a process for each reason.
   */
  | { readonly event: 'encoding-on-processor'; readonly reason: string }
  | {
      readonly event: 'acknowledged';
      readonly round: number;
      readonly payload: string;
      readonly tokens: number;
      /** Number of the relay's journal entry; null if the relay already held this contribution. */
      readonly sequence: number | null;
    }
  /** The relay refused something; `code` is a RefusalCode's name in lower case with dashes: `stale-base`. */
  | { readonly event: 'refused'; readonly round: number; readonly code: string }
  /** The node drops its work on a round; the delta is never sent. */
  | {
      readonly event: 'dropped';
      readonly round: number;
      readonly reason: 'refused' | 'closed' | 'not-finite';
    }
  | {
      readonly event: 'committed';
      readonly round: number;
      readonly base: string;
      readonly contributions: number;
      readonly tokens: number;
      /** What became of this node's contribution to the round; null if it has none in the base. */
      readonly fate: ContributionFate | null;
    }
  /**
   * The node is too slow: `round`, like those before it, closed before its work arrived. It was still at that, and had done `steps` of
   * `localSteps`. It only follows the next `rounds`, and then takes part again.
   */
  | {
      readonly event: 'following';
      readonly round: number;
      readonly was: 'syncing' | 'training' | 'sending';
      readonly steps: number;
      readonly localSteps: number;
      readonly rounds: number;
    }
  /**
   * From its next round on the node trains another part of the model: the upper `layers` of the model's `of`, or the whole model again. Told
   * in `round`; 0 before the first one.
   */
  | {
      readonly event: 'part';
      readonly round: number;
      readonly part: PartName;
      readonly layers: number;
      readonly of: number;
      readonly why: PartReason;
    }
  | { readonly event: 'abandoned'; readonly round: number }
  | {
      readonly event: 'retry';
      readonly code: string;
      readonly message: string;
      readonly next: string;
      readonly attempt: number;
      readonly milliseconds: number;
    }
  /** The device was lost. The node opens it again and resumes the round after `step`, the step of the last snapshot. */
  | { readonly event: 'device-lost'; readonly round: number; readonly step: number; readonly reason: string }
  | { readonly event: 'paused' }
  | { readonly event: 'resumed' }
  /** The contributor leaves after its current contribution. */
  | { readonly event: 'finishing' }
  /** Bytes since the process began: what was sent, and all that was received: frames, bases, deltas and proofs. */
  | { readonly event: 'sent'; readonly bytes: SentBytes; readonly received: number }
  | {
      readonly event: 'left';
      readonly reason: 'finished' | 'interrupted' | 'complete' | 'failed';
      /** Contributions of this process that the relay accepted. */
      readonly contributions: number;
      readonly tokens: number;
    };

/**
 * How the merge of a round took a contribution, as the relay says: with all its tokens; with less where it is longer than those of
 * others (scaled), where some of its values do not count (trimmed) or because of the run's limit for one node (capped); or
 * not, because it points against the others. The other outcomes are what the relay measured of it: it counts less, or not. `share` is how much of it counts, and `weight` its part of the round's weight,
 * both from 0 to 1.
 */
export interface ContributionFate {
  readonly outcome:
    | ('included' | 'scaled' | 'trimmed' | 'capped' | 'left-out')
    | ('too-fast' | 'short' | 'copy' | 'worse' | 'distrusted' | 'unproven');
  readonly share: number;
  readonly weight: number;
}

/** How long a timed round lasts, and what the relay measured of this node. */
export type PlanTimes = {
  /** Time for training, as planned at the opening and as left now. */
  readonly plannedMilliseconds: number;
  readonly leftMilliseconds: number;
  /** Time for uploads after that. */
  readonly graceMilliseconds: number;
  /** This node's least steps from the opening on, and its upload; 0 while they are not measured. */
  readonly trainingMilliseconds: number;
  readonly uploadMilliseconds: number;
  /** True if this node needs more time than the round has: it may be late in each round. */
  readonly tooShort: boolean;
};

/** Why a node trains another part of the model than before. */
export type PartReason =
  /**
   * What the whole model takes of the least steps of a round and of an upload, beside how long a round lasts, its grace included. As the relay
   * measured it, or by what it measured of the part.
   */
  | {
      readonly kind: 'time';
      readonly trainingMilliseconds: number;
      readonly uploadMilliseconds: number;
      readonly lastsMilliseconds: number;
    }
  /** So many rounds in a row closed before the work on the whole model arrived. */
  | { readonly kind: 'late'; readonly rounds: number }
  /** The device lacks the memory to train the whole model, which takes so many bytes. */
  | { readonly kind: 'memory'; readonly bytes: number | null }
  /** The relay plans no rounds, so the node tries after a while whether the whole model is in time now. */
  | { readonly kind: 'trial' };

/** Bytes of the frames handed to the socket, by message type. */
export interface SentBytes {
  readonly join: number;
  readonly offer: number;
  readonly chunk: number;
  readonly heartbeat: number;
  readonly leave: number;
}
