/** What a local training run is made of, apart from the machine that runs it. */

/** AdamW with decoupled decay (Loshchilov and Hutter 2019, arXiv 1711.05101) after clipping the global gradient norm. */
export interface OptimizerSettings {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly weightDecay: number;
  readonly gradientClip: number;
}

/** Everything a trainer needs to go on exactly where it was: same adapter, same state, same bits. */
export interface TrainerState {
  /** AdamW's step count, for bias correction. */
  readonly step: number;
  readonly parameters: Float32Array<ArrayBuffer>;
  readonly firstMoment: Float32Array<ArrayBuffer>;
  readonly secondMoment: Float32Array<ArrayBuffer>;
}
