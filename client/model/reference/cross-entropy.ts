import { ignoredTarget } from '../../data/batch.ts';
import { at, row } from './vector.ts';

/** `-log softmax(logits)[target]` of each row (N), in nats, from logits (N, V) and targets (N); 0 if a row has no target. */
export function crossEntropyForward(
  logits: Float64Array,
  targets: Uint32Array,
  vocabulary: number,
): Float64Array {
  return Float64Array.from(targets, (target, n) => {
    if (target === ignoredTarget) return 0;
    const places = row(logits, n, vocabulary);
    return logSumExp(places) - at(places, target);
  });
}

/** The gradient (N, V) of the sum of losses times `weights` (N): (softmax - target) weight, 0 for rows without a target. */
export function crossEntropyBackward(
  logits: Float64Array,
  targets: Uint32Array,
  weights: ArrayLike<number>,
  vocabulary: number,
): Float64Array {
  const gradient = new Float64Array(logits.length);
  targets.forEach((target, n) => {
    if (target === ignoredTarget) return;
    const places = row(logits, n, vocabulary);
    const whole = logSumExp(places);
    row(gradient, n, vocabulary).set(
      places.map((logit, v) => (Math.exp(logit - whole) - (v === target ? 1 : 0)) * (weights[n] ?? 0)),
    );
  });
  return gradient;
}

function logSumExp(logits: Float64Array): number {
  const greatest = logits.reduce((a, b) => Math.max(a, b));
  return greatest + Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit - greatest), 0));
}
