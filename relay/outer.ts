/** The outer optimizer's numbers, from the manifest. */
export interface OuterSettings {
  readonly outerLearningRate: number;
  readonly outerMomentum: number;
}

/**
 * One Nesterov step on the mean delta (DiLoCo, arXiv 2311.08105, algorithm 1), where a delta is base minus locally
 * trained weights, so that it points the way a gradient does:
 *
 *     momentum' = mu momentum + delta        base' = base - lr (delta + mu momentum')
 *
 * Each value is computed in float64 with + - * only, in this order, and rounded once to float32: every IEEE 754 machine
 * and every JavaScript engine gives the same bits. The momentum is kept as float32 like the base, so that a checkpoint
 * of the two is all that the next step needs. All vectors have one length; the arguments stay as they are.
 */
export function nesterovStep(
  base: Float32Array,
  momentum: Float32Array,
  meanDelta: Float64Array,
  settings: OuterSettings,
): { base: Float32Array<ArrayBuffer>; momentum: Float32Array<ArrayBuffer> } {
  const { outerLearningRate, outerMomentum } = settings;
  const next = { base: new Float32Array(base.length), momentum: new Float32Array(base.length) };
  for (let i = 0; i < base.length; i++) {
    const delta = meanDelta[i] ?? 0;
    const velocity = Math.fround(outerMomentum * (momentum[i] ?? 0) + delta);
    next.momentum[i] = velocity;
    next.base[i] = (base[i] ?? 0) - outerLearningRate * (delta + outerMomentum * velocity);
  }
  return next;
}
