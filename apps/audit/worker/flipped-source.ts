import type { VerifySource } from '../../../relay/verify/source.ts';
import type { Flip } from './worker-api.ts';

/** The same source with one bit of one payload changed, as a relay or a disk could change it. */
export function flippedSource(source: VerifySource, { payload, bit }: Flip): VerifySource {
  return {
    ...source,
    async blob(hash, length, signal) {
      const bytes = await source.blob(hash, length, signal);
      if (hash !== payload || !(bytes instanceof Uint8Array) || bytes.length === 0) return bytes;
      const flipped = new Uint8Array(bytes);
      const at = Math.floor(bit / 8) % flipped.length;
      flipped[at] = (flipped[at] ?? 0) ^ (1 << (bit % 8));
      return flipped;
    },
  };
}
