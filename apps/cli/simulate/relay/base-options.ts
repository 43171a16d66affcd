import type { WholeStrategy } from '../../../../relay/wire/frames.ts';
import { baseHash, fingerprint, type VirtualBase } from '../world/virtual-base.ts';

/** How a world makes bases beyond sums of payloads. */
export interface BaseOptions {
  /** The outer step, and the rounds of the run; none unless given. */
  readonly outer?: Pick<WholeStrategy, 'outer' | 'rounds'> | undefined;
  /** The manifest's guard; none unless given. */
  readonly guard?: { readonly maxIncrease: number; readonly rounds: number } | undefined;
}

/** The loss of a base on the probe, in nats a token: two to two and a half, as if drawn for each base. */
export function lossOfBase(base: VirtualBase): number {
  return 2 + (fingerprint(baseHash(base)) >>> 0) / 2 ** 33;
}
