import type { DelayedNesterovSettings } from '../../../../relay/run/outer/delayed-nesterov.ts';
import type { HeLoCoSettings } from '../../../../relay/run/outer/heloco.ts';
import type { NesterovSettings } from '../../../../relay/run/outer/nesterov.ts';

/**
 * The outer steps once more, from the formulas of docs/protocol.md and in another way than the relay's: whole vectors of float64, each
 * rounded to float32 where a state is kept.
 */

/** What one round leaves to the next. */
export interface ModelState {
  readonly base: readonly number[];
  readonly momentum: readonly number[];
  readonly buffer: readonly number[];
}

/** The step of round `round`, counted from 1, with the round's mean delta. */
export type OuterModel = (state: ModelState, deltas: readonly number[], round: number) => ModelState;

/** The state before the first round. */
export function firstState(base: readonly number[]): ModelState {
  const zeros = base.map(() => 0);
  return { base, momentum: zeros, buffer: zeros };
}

export function nesterovModel({ learningRate, momentum: mu }: NesterovSettings): OuterModel {
  return (state, deltas) => {
    const momentum = state.momentum.map((velocity, i) => Math.fround(mu * velocity + (deltas[i] ?? 0)));
    const base = state.base.map((value, i) =>
      Math.fround(value - learningRate * ((deltas[i] ?? 0) + mu * (momentum[i] ?? 0))),
    );
    return { ...state, base, momentum };
  };
}

/** Delayed Nesterov, after HeLoCo's correction of each tensor if there is one. */
export function delayedModel({
  learningRate,
  momentum: mu,
  period,
  correction,
}: DelayedNesterovSettings): OuterModel {
  return ({ base, momentum, buffer }, deltas, round) => {
    let from = 0;
    const corrected = correction?.tensors.flatMap((size) => {
      const [own, reference] = [deltas.slice(from, from + size), momentum.slice(from, from + size)];
      from += size;
      return correctedTensor(own, reference, mu, correction);
    });
    const parts = (corrected ?? deltas).map((value) => value / period);
    const buffered = buffer.map((value, i) => Math.fround(value + (parts[i] ?? 0)));
    const step = (velocities: readonly number[]) =>
      base.map((value, i) =>
        Math.fround(value - learningRate * (mu * (velocities[i] ?? 0) + (parts[i] ?? 0))),
      );
    if (round % period !== 0) return { base: step([]), momentum, buffer: buffered };
    const next = momentum.map((velocity, i) => Math.fround(mu * velocity + (buffered[i] ?? 0)));
    return { base: step(next), momentum: next, buffer: buffer.map(() => 0) };
  };
}

function correctedTensor(
  delta: readonly number[],
  momentum: readonly number[],
  mu: number,
  { aligned, turn }: HeLoCoSettings,
): readonly number[] {
  const [length, other] = [norm(delta), norm(momentum)];
  if (length === 0 || other === 0) return delta;
  const cosine = product(delta, momentum) / (length * other);
  if (cosine >= aligned) return delta;
  const confidence = length / (length + (1 - mu) * other);
  if (cosine < 0) {
    const along = (-cosine * confidence * (cosine * length)) / other;
    return delta.map((value, i) => value - along * (momentum[i] ?? 0));
  }
  const share = turn * (1 - cosine) * confidence;
  const turned = delta.map(
    (value, i) => ((1 - share) * value) / length + (share * (momentum[i] ?? 0)) / other,
  );
  const scale = length / norm(turned);
  return turned.map((value) => value * scale);
}

function product(one: readonly number[], other: readonly number[]): number {
  return one.reduce((sum, value, i) => sum + value * (other[i] ?? 0), 0);
}

function norm(vector: readonly number[]): number {
  return Math.sqrt(product(vector, vector));
}
