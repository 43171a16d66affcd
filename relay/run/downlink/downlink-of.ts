import type { WholeManifest } from '../../wire/frames.ts';
import { downlinkCodecOf } from '../../wire/manifest.ts';
import type { Downlink } from './downlink.ts';
import { fullBases } from './full-bases.ts';
import { quantizedDeltas } from './quantized-deltas.ts';

/** The downlink that a manifest chooses. */
export function downlinkOf(manifest: Pick<WholeManifest, 'downlink'>): Downlink {
  const codec = downlinkCodecOf(manifest);
  return codec === null ? fullBases : quantizedDeltas(codec);
}
