import type { Codec } from '../../wire/codec/codec.ts';
import { inSlices } from '../aggregate.ts';
import type { Downlink } from './downlink.ts';

/** Values that are encoded at once: a millisecond or two of work. */
const encodedAtOnce = 4096;

/**
 * The base is the one before less an encoded delta, so a node that has the base before needs only the payload. What the encoding
 * leaves out is added to the next delta: error feedback (Seide et al. 2014; on the way down: DoubleSqueeze, arXiv 1905.05957).
 * With b the base, t the one that the outer step gives, and e the residual:
 *
 *     wanted = (b - t) + e        base' = b - decoded(wanted)        e' = wanted - decoded(wanted)
 *
 * Each line is computed in float64 and rounded once to float32. The residual is a part of the state.
 */
export function quantizedDeltas(codec: Codec): Downlink {
  const atOnce = codec.block * Math.max(1, Math.floor(encodedAtOnce / codec.block));
  return {
    vectors: 1,
    async publish(base, [target = new Float32Array(), ...outer], [residual = new Float32Array()]) {
      const next = new Float32Array(base.length);
      const left = new Float32Array(base.length);
      const delta = new Uint8Array(codec.payloadBytes(base.length));
      let at = 0;
      await inSlices(
        base.length,
        (from, to) => {
          for (let i = from; i < to; i++) left[i] = (base[i] ?? 0) - (target[i] ?? 0) + (residual[i] ?? 0);
          const decoded = next.subarray(from, to);
          const part = codec.encode(left.subarray(from, to), decoded);
          delta.set(part, at);
          at += part.length;
          for (let i = from; i < to; i++) {
            // Encoding may give -0, where its payload's integer is 0.
            const sent = (next[i] ?? 0) + 0;
            left[i] = (left[i] ?? 0) - sent;
            next[i] = (base[i] ?? 0) - sent;
          }
        },
        atOnce,
      );
      return { state: [next, ...outer, left], delta };
    },
  };
}
