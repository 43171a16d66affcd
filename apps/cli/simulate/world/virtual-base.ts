import { Random } from '../../../../client/random.ts';
import type { State } from '../../../../relay/run/outer/outer-optimizer.ts';
import type { Hash } from '../../../../relay/wire/hex.ts';

/** Parameters of a base in a world with an outer step, and the sizes of their tensors. */
export const parameters = 5;
export const tensors = [2, 3];

/**
 * A base without parameters: two sums of 32 bits over the payloads that were ever applied, once for each range. Sums are exact and do not
 * depend on the order, like those of the relay, and a payload that is applied twice, left out or applied to another range gives another hash. In a world
 * with an outer step it has a few parameters beside them.
 */
export interface VirtualBase {
  /** The number of rounds that made it. */
  readonly round: number;
  readonly sum: number;
  readonly squares: number;
  /** The parameters, and the vectors of the outer step; absent where they are zero, or in a world without one. */
  readonly state?: State;
}

export const firstBase: VirtualBase = { round: 0, sum: 1, squares: 1 };

/** A range of the vector: below the upper layers, or in them. */
export type VirtualRange = 'lower' | 'upper';
export const bothRanges: readonly VirtualRange[] = ['lower', 'upper'];

/** The base after one more payload, which counts for so many tokens where contributions are weighed, and in these ranges. */
export function withPayload(
  base: VirtualBase,
  payload: string,
  tokens = 1,
  ranges: readonly VirtualRange[] = bothRanges,
): VirtualBase {
  let { sum, squares } = base;
  for (const range of ranges) {
    const value = Math.imul(fingerprint(`${payload} ${range}`), tokens);
    sum = (sum + value) | 0;
    squares = (squares + Math.imul(value, value ^ 0x9e3779b9)) | 0;
  }
  return { ...base, sum, squares };
}

export function baseHash({ round, sum, squares, state }: VirtualBase): Hash {
  const hash = `${round}:${(sum >>> 0).toString(16)}:${(squares >>> 0).toString(16)}`;
  return state === undefined ? hash : `${hash}:${(fingerprint(state.join(';')) >>> 0).toString(16)}`;
}

/** What counts in a round: payloads, and with how many tokens each. */
export type Counted = readonly { readonly payload: string; readonly tokens: number }[];

/** The round's mean delta, in float64; zero where nothing counts. A payload stands for a few numbers that it names. */
export function meanDelta(counted: Counted): Float64Array {
  const mean = new Float64Array(parameters);
  const all = counted.reduce((sum, { tokens }) => sum + tokens, 0);
  for (const { payload, tokens } of counted) {
    const random = Random.seeded(fingerprint(payload) >>> 1, 2);
    for (let i = 0; i < parameters; i++) mean[i] = (mean[i] ?? 0) + (random.normal() * tokens) / all;
  }
  return mean;
}

/** FNV-1a of 32 bits, signed. */
export function fingerprint(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash;
}
