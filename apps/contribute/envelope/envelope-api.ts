import type { OpenedFrame } from '../../../relay/wire/open-frame.ts';
import type { Guesses } from './attack/guesses.ts';
import type { TensorPicture } from './delta-picture.ts';
import type { SentMessage } from './sent-messages.ts';

/** A message that can be opened. */
export interface MessageEntry extends Pick<SentMessage, 'id' | 'at'> {
  readonly bytes: number;
}

/** The delta that a tab sent, as anyone who reads its payload decodes it. */
export interface OwnDelta {
  readonly round: number;
  readonly steps: number;
  readonly tokens: number;
  readonly payloadBytes: number;
  /** Whether the payload has the hash that the offer named. */
  readonly isAsOffered: boolean;
  /** Of all values. */
  readonly norm: number;
  readonly tensors: readonly TensorPicture[];
  readonly guesses: Guesses;
}

/** Why a delta cannot be shown: parts of it are not stored any more, or it belongs to an earlier run. */
export type NoDelta = 'dropped' | 'no-run';

/** The calls by which the page opens what this tab sent. */
export interface EnvelopeApi {
  /** The messages of a type that can still be opened, the oldest first. */
  sentMessages(type: SentMessage['type']): Promise<readonly MessageEntry[]>;
  /** A message field by field; null if it is not stored any more. */
  openMessage(id: number): Promise<OpenedFrame | null>;
  /** The delta that a chunk is part of, and what can be guessed from it. */
  openDelta(chunk: number): Promise<OwnDelta | NoDelta>;
}
