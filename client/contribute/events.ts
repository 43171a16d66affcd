import type { KernelChange } from '../gpu/kernel-record.ts';

/**
 * What a contributor says of itself while it works: one JSON object an event. Numbers, hashes and words of this
 * file only; nothing that comes from the corpus. Losses are nats a token, times milliseconds, hashes hex.
 */
export type ContributorEvent =
  | { readonly event: 'adapter'; readonly name: string; readonly software: boolean }
  /** The run's kernels were measured on the adapter, which is done once. */
  | {
      readonly event: 'measured';
      readonly adapter: string;
      readonly sites: number;
      /** Shapes that keep the kernel that was guessed, for want of time. */
      readonly left: number;
      readonly milliseconds: number;
    }
  /** The node goes on with other kernels than it began with: its bits may differ from those it would have come to. */
  | { readonly event: 'kernels-changed'; readonly adapter: string; readonly change: KernelChange }
  | {
      readonly event: 'joined';
      readonly run: string;
      readonly name: string;
      /** This node's public key. */
      readonly node: string;
      readonly nation: string | null;
      readonly round: number;
      readonly rounds: number;
      readonly base: string;
      readonly parameters: number;
      readonly localSteps: number;
      readonly tokensPerStep: number;
      /** What training will take on the adapter. */
      readonly trainingBytes: number;
    }
  /** The node goes on from a state it saved, or why it could not. */
  | { readonly event: 'restored'; readonly round: number; readonly steps: number }
  | { readonly event: 'fresh'; readonly reason: string }
  | { readonly event: 'syncing'; readonly round: number; readonly base: string }
  | {
      readonly event: 'synced';
      readonly round: number;
      readonly base: string;
      /** Bytes fetched for it; 0 when the node still held this base. */
      readonly bytes: number;
      readonly milliseconds: number;
    }
  | {
      readonly event: 'round';
      readonly round: number;
      readonly base: string;
      readonly steps: number;
      /** Of the base that opens the round, on this node's own held-out text. */
      readonly heldOutLoss: number;
    }
  | {
      readonly event: 'step';
      readonly round: number;
      /** Steps done of the round's `steps`, and their tokens. */
      readonly step: number;
      readonly steps: number;
      readonly tokens: number;
      readonly loss: number;
      readonly tokensPerSecond: number;
    }
  | {
      readonly event: 'contribution';
      readonly round: number;
      readonly payload: string;
      readonly bytes: number;
      readonly steps: number;
      readonly tokens: number;
      readonly trainingLoss: number;
      readonly heldOutLoss: number;
      /** L2 length of the delta before clipping. */
      readonly norm: number;
    }
  | {
      readonly event: 'acknowledged';
      readonly round: number;
      readonly payload: string;
      readonly tokens: number;
      /** Number of the relay's journal entry; null where the relay said it held this contribution already. */
      readonly sequence: number | null;
    }
  /** The relay refused something; `code` is a RefusalCode's name in lower case with dashes: `stale-base`. */
  | { readonly event: 'refused'; readonly round: number; readonly code: string }
  /** The work of a round is given up; its delta is never sent. */
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
  /** The adapter was lost; it is opened afresh, and the round goes on after `step`, the last that is kept. */
  | { readonly event: 'device-lost'; readonly round: number; readonly step: number; readonly reason: string }
  | { readonly event: 'paused' }
  | { readonly event: 'resumed' }
  /** The contributor leaves after the contribution it works on. */
  | { readonly event: 'finishing' }
  | { readonly event: 'sent'; readonly bytes: SentBytes; readonly received: number }
  | {
      readonly event: 'left';
      readonly reason: 'finished' | 'interrupted' | 'complete' | 'failed';
      /** Accepted from this process. */
      readonly contributions: number;
      readonly tokens: number;
    };

/** Bytes handed to the socket by message type, frames and nothing else. Downloads of bases are told by `synced`. */
export interface SentBytes {
  readonly join: number;
  readonly offer: number;
  readonly chunk: number;
  readonly heartbeat: number;
  readonly leave: number;
}
