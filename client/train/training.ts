/** What a local training run is made of, apart from the machine that runs it. */

/** AdamW with decoupled decay (Loshchilov and Hutter 2019, arXiv 1711.05101) after clipping the global gradient norm. */
export interface OptimizerSettings {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly weightDecay: number;
  readonly gradientClip: number;
  /** Where it is there, the layers' matrices are Muon's, at the same rate and decay; embedding, head and gains stay AdamW's. */
  readonly muon?: MuonSettings;
}

/**
 * Nesterov momentum, then five Newton-Schulz iterations towards the nearest orthogonal matrix, with the coefficients 3.4445,
 * -4.775 and 2.0315 (Jordan et al. 2024, kellerjordan.github.io/posts/muon). What comes out is scaled by 0.2 sqrt(max(rows,
 * columns)), not by Jordan's sqrt(max(1, rows / columns)): it is then as large as AdamW's updates, whose rate and decoupled
 * decay serve both (Liu et al. 2025, arXiv 2502.16982).
 */
export interface MuonSettings {
  /** Jordan et al. use 0.95. */
  readonly momentum: number;
}

/**
 * How training with f16 storage keeps gradients from vanishing (Micikevicius et al. 2018, arXiv 1710.03740): the loss is
 * multiplied by a scale, which a gradient that is not finite halves, down to 1, and `growthInterval` finite ones in a row
 * double, up to 2^32.
 */
export interface LossScaling {
  readonly initialScale: number;
  readonly growthInterval: number;
}

/** What the updates so far leave behind, besides the vectors. Each number is a float32 or an integer: JSON keeps its bits. */
export interface Scaling {
  /** 1 with f32 storage, always. */
  readonly lossScale: number;
  /** Updates since the scale last changed. */
  readonly goodSteps: number;
  /** How much each of AdamW's moments has seen: 1 - beta^t after t updates. */
  readonly firstWeight: number;
  readonly secondWeight: number;
  /** Updates made, and those left out because their gradient was not finite. */
  readonly appliedSteps: number;
  readonly skippedSteps: number;
  /** Of those left out, the last in a row that came when the loss scale could not be halved any more. */
  readonly stuckSteps: number;
}

/** Everything a trainer needs to go on exactly where it was: same adapter, same state, same bits. */
export interface TrainerState {
  /** Steps taken, those included whose update was left out. */
  readonly step: number;
  readonly parameters: Float32Array<ArrayBuffer>;
  /** Of AdamW, or Muon's only one. */
  readonly firstMoment: Float32Array<ArrayBuffer>;
  /** Zero where Muon trains. */
  readonly secondMoment: Float32Array<ArrayBuffer>;
  /** `save` always gives it. Without it, `load` takes all of `step` for applied, and the loss scale for the initial one. */
  readonly scaling?: Scaling;
}

/** Before the first step. */
export function freshState(parameters: Float32Array<ArrayBuffer>): TrainerState {
  const zeros = () => new Float32Array(parameters.length);
  return { step: 0, parameters, firstMoment: zeros(), secondMoment: zeros() };
}
