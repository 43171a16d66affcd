/** What one round leaves to the next. */
export interface ModelState {
  readonly base: readonly number[];
  readonly momentum: readonly number[];
  readonly buffer: readonly number[];
}

/** The step of round `round`, counted from 1, with the round's mean delta. */
export type OuterModel = (state: ModelState, deltas: readonly number[], round: number) => ModelState;

/** Nesterov's step with rate 0.7 and momentum 0.9. */
export const nesterovModel: OuterModel = (state, deltas) => {
  const momentum = state.momentum.map((velocity, i) => Math.fround(0.9 * velocity + (deltas[i] ?? 0)));
  const base = state.base.map((value, i) =>
    Math.fround(value - 0.7 * ((deltas[i] ?? 0) + 0.9 * (momentum[i] ?? 0))),
  );
  return { ...state, base, momentum };
};

export interface DelayedSettings {
  readonly learningRate: number;
  readonly momentum: number;
  readonly period: number;
  readonly correction: {
    readonly tensors: readonly number[];
    readonly aligned: number;
    readonly turn: number;
  };
}

/** Delayed Nesterov after HeLoCo's correction of each tensor, from the formulas of docs/protocol.md. */
export function delayedModel({
  learningRate,
  momentum: mu,
  period,
  correction,
}: DelayedSettings): OuterModel {
  return ({ base, momentum, buffer }, deltas, round) => {
    let from = 0;
    const parts = correction.tensors.flatMap((size) => {
      const [own, reference] = [deltas.slice(from, from + size), momentum.slice(from, from + size)];
      from += size;
      return correctedTensor(own, reference, mu, correction).map((value) => value / period);
    });
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
  { aligned, turn }: DelayedSettings['correction'],
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
