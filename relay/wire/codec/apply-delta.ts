import type { Codec } from './codec.ts';

/**
 * The base after one that the relay's delta leads on from: f32(base - integer * unit) for each value that `payload` holds, computed
 * in float64 and rounded once, and the base's own value for each that it leaves out. Relay, nodes and verifiers get the same bits.
 * Throws WireError BAD_PAYLOAD.
 */
export function applyDelta(base: Float32Array, payload: Uint8Array, codec: Codec): Float32Array<ArrayBuffer> {
  const next = base.slice();
  codec.decode(payload, next.length, (index, integer) => {
    next[index] = (next[index] ?? 0) - integer * codec.unit;
  });
  return next;
}
