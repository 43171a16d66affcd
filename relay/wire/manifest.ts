import type { Codec } from './codec/codec.ts';
import { denseCodec } from './codec/dense.ts';
import { sparseCodec } from './codec/sparse.ts';
import { decodeManifest, type WholeManifest } from './frames.ts';
import { WireError } from './strict.ts';
import { RefusalCode } from './tapestry_pb.js';

/** The version of the manifests that this protocol carries. */
export const manifestVersion = 2;

/** The codec that a manifest chooses. Throws WireError OUT_OF_LIMIT for settings that no payload can have. */
export function codecOf({ codec }: Pick<WholeManifest, 'codec'>): Codec {
  switch (codec.case) {
    case 'dense':
      return denseCodec(codec.value);
    case 'sparse':
      return sparseCodec(codec.value);
  }
}

/**
 * Decodes a manifest and checks what a node and a relay both rely on: its version, its codec, and that `payload_bytes`
 * is the codec's. Throws WireError.
 */
export function readManifest(bytes: Uint8Array): { manifest: WholeManifest; codec: Codec } {
  const manifest = decodeManifest(bytes);
  const { version, model, limits } = manifest;
  if (version !== manifestVersion) throw outOfLimit(`its version must be ${manifestVersion}`);
  if (model.parameters < 1) throw outOfLimit('its model has no parameters');
  const codec = codecOf(manifest);
  const payloadBytes = codec.payloadBytes(model.parameters);
  if (limits.payloadBytes !== payloadBytes)
    throw outOfLimit(`its payload_bytes must be ${payloadBytes} for this model and codec`);
  return { manifest, codec };
}

function outOfLimit(problem: string): WireError {
  return new WireError(RefusalCode.OUT_OF_LIMIT, problem);
}
