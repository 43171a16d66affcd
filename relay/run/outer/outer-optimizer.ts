/** A run's vectors, all of the model's length: the base first, then those of the outer optimizer, then those of the downlink. */
export type State = readonly Float32Array<ArrayBuffer>[];

/** Makes the next base from a base and a merged delta. */
export interface OuterOptimizer {
  /** How many vectors it keeps beside the base; they are zero before the first step. */
  readonly vectors: number;
  /** The base and its own vectors after the step of `round`, counted from 1, computed in slices; the arguments do not change, and must not meanwhile. */
  step(state: State, delta: Float64Array, round: number): Promise<State>;
}
