import type { Hash } from '../../../../relay/wire/hex.ts';

/**
 * A base without parameters: two sums of 32 bits over the payloads that were ever applied. Sums are exact and do not depend
 * on the order, like those of the relay, and a payload that is applied twice or left out gives another hash.
 */
export interface VirtualBase {
  /** The number of rounds that made it. */
  readonly round: number;
  readonly sum: number;
  readonly squares: number;
}

export const firstBase: VirtualBase = { round: 0, sum: 1, squares: 1 };

/** The base after one more payload, which counts for so many tokens where contributions are weighed. */
export function withPayload(base: VirtualBase, payload: string, tokens = 1): VirtualBase {
  const value = Math.imul(fingerprint(payload), tokens);
  return {
    ...base,
    sum: (base.sum + value) | 0,
    squares: (base.squares + Math.imul(value, value ^ 0x9e3779b9)) | 0,
  };
}

export function baseHash({ round, sum, squares }: VirtualBase): Hash {
  return `${round}:${(sum >>> 0).toString(16)}:${(squares >>> 0).toString(16)}`;
}

/** FNV-1a of 32 bits, signed. */
export function fingerprint(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash;
}
