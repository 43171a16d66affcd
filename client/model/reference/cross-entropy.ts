import { ignoredTarget } from '../../data/batch.ts';
import { at, row } from './vector.ts';

/**
 * The mean of `-log softmax(logits)[target]` over the targets that count, in nats, with how many those are:
 * logits (N, V), targets (N). Without a target that counts the loss is 0.
 */
export function crossEntropyForward(
  logits: Float64Array,
  targets: Uint32Array,
  vocabulary: number,
): { loss: number; tokens: number } {
  let sum = 0;
  let tokens = 0;
  targets.forEach((target, n) => {
    if (target === ignoredTarget) return;
    const places = row(logits, n, vocabulary);
    sum += logSumExp(places) - at(places, target);
    tokens++;
  });
  return { loss: tokens === 0 ? 0 : sum / tokens, tokens };
}

/** The mean loss's gradient (N, V): (softmax - target) / counted targets, and 0 in rows that do not count. */
export function crossEntropyBackward(
  logits: Float64Array,
  targets: Uint32Array,
  vocabulary: number,
): Float64Array {
  const tokens = targets.filter((target) => target !== ignoredTarget).length;
  const gradient = new Float64Array(logits.length);
  targets.forEach((target, n) => {
    if (target === ignoredTarget) return;
    const places = row(logits, n, vocabulary);
    const whole = logSumExp(places);
    row(gradient, n, vocabulary).set(
      places.map((logit, v) => (Math.exp(logit - whole) - (v === target ? 1 : 0)) / tokens),
    );
  });
  return gradient;
}

function logSumExp(logits: Float64Array): number {
  const greatest = logits.reduce((a, b) => Math.max(a, b));
  return greatest + Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit - greatest), 0));
}
