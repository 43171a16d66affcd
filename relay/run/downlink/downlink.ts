import type { State } from '../outer/outer-optimizer.ts';

/** What nodes get of a round. */
export interface Published {
  /** The vectors of the next state: the base first, then those of the outer optimizer and of the downlink. */
  readonly state: State;
  /** The payload that leads from the base before to this one; null where nodes download each base whole. */
  readonly delta: Uint8Array<ArrayBuffer> | null;
}

/**
 * Makes the base that nodes get from the one before and from what the outer step gives. In a run of fragments all vectors are those of
 * the fragment that the round synchronizes, with zeros after a shorter one.
 */
export interface Downlink {
  /** How many vectors it keeps beside the base and the outer optimizer's; they are zero before the first round. */
  readonly vectors: number;
  /** `stepped` is the state after the outer step, and `own` this downlink's vectors. The arguments do not change, and must not meanwhile. */
  publish(base: Float32Array<ArrayBuffer>, stepped: State, own: State): Promise<Published>;
}
