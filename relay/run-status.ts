import type { TapestryError } from '../client/errors.ts';
import type { Hash } from './wire/hex.ts';

/** What a run tells of itself, as it happens and when asked. */
export type RunEvent =
  /** `deadlineMs` from now. */
  | {
      readonly type: 'opened';
      readonly round: number;
      readonly attempt: number;
      readonly base: Hash;
      readonly deadlineMs: number;
    }
  | {
      readonly type: 'committed';
      readonly round: number;
      readonly base: Hash;
      readonly contributions: number;
      readonly tokens: number;
    }
  | { readonly type: 'abandoned'; readonly round: number }
  | { readonly type: 'complete' }
  /** Something could not be made durable. It is tried again; nothing acknowledged is lost. */
  | { readonly type: 'trouble'; readonly error: TapestryError };

export interface CurrentRound {
  /** From 1; after the last round it stays at the manifest's `rounds`. */
  readonly round: number;
  /** How often the round was opened: an open one's attempt, from 1. */
  readonly attempt: number;
  readonly base: Hash;
  readonly phase: 'waiting' | 'training' | 'grace' | 'complete';
  readonly contributions: number;
  /** Milliseconds since 1970; null unless a round is open. */
  readonly deadlineAt: number | null;
  readonly openedAt: number | null;
}
