/** What a local training run is made of, apart from the machine that runs it. */

/** Targets with this value carry no loss (padding, and text that is only context). */
export const ignoredTarget = 0xffff_ffff;

/** One batch: row-major (batch, sequence) token ids; `targets[i]` is the token after `inputs[i]`. */
export interface Batch {
  readonly inputs: Uint32Array<ArrayBuffer>;
  readonly targets: Uint32Array<ArrayBuffer>;
}

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
