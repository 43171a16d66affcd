import type { Tokenizer } from '../data/tokenizer.ts';
import type { Tokens } from '../data/tokens.ts';
import type { RunTerms } from './run-terms.ts';

/** What a node trains on, and by which terms. */
export interface OwnWork {
  readonly terms: RunTerms;
  readonly tokenizer: Tokenizer;
  /** The text that the node trains on. It never leaves the node. */
  readonly text: Tokens;
}

/** Sees on the node itself what the node sends, so that its person can look at every byte. */
export interface Witness {
  /** The model is open, and the node trains on this text. */
  opened(work: OwnWork): void;
  /** This very frame was handed to the socket. It is not copied, and must not be changed. */
  sent(frame: Uint8Array<ArrayBuffer>): void;
}
