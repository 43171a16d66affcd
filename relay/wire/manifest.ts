import type { Codec } from './codec/codec.ts';
import { denseCodec } from './codec/dense.ts';
import { entropyCodec } from './codec/entropy.ts';
import { sparseCodec } from './codec/sparse.ts';
import { statisticalCodec } from './codec/statistical.ts';
import { type Fragments, fragmentsOf } from './fragments.ts';
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
      return sparseCodec(decaying(codec.value));
    case 'statistical':
      return statisticalCodec(decaying(codec.value));
  }
}

/** Contributions can be lost. What returns of them to a node's residual stays bounded only if the residual decays. */
function decaying<Settings extends { readonly feedbackDecay: number }>(settings: Settings): Settings {
  if (settings.feedbackDecay >= 1) throw outOfLimit('feedback_decay must be below 1');
  return settings;
}

/**
 * The codec of the deltas by which nodes follow the bases; null where they download each base whole. A delta of the relay is
 * neither clipped nor lost, so it has no clip norm, and all of the residual is added to the next one. Throws WireError OUT_OF_LIMIT.
 */
export function downlinkCodecOf({ downlink }: Pick<WholeManifest, 'downlink'>): Codec | null {
  const whole = { clipNorm: Number.POSITIVE_INFINITY, feedbackDecay: 1 };
  switch (downlink.case) {
    case 'full':
      return null;
    case 'denseDeltas':
      return denseCodec({ ...downlink.value, ...whole });
    case 'sparseDeltas':
      return sparseCodec({ ...downlink.value, ...whole });
    case 'statisticalDeltas':
      return statisticalCodec({ ...downlink.value, ...whole });
    case 'entropyDeltas':
      return entropyCodec({ ...downlink.value, ...whole });
  }
}

/**
 * Decodes a manifest and checks what a node and a relay both rely on: its version, its codecs, its fragments or upper layers, and that
 * `payload_bytes` is the codec's. `downlink` is that of `downlinkCodecOf`. Throws WireError.
 */
export function readManifest(bytes: Uint8Array): {
  manifest: WholeManifest;
  codec: Codec;
  fragments: Fragments;
  downlink: Codec | null;
} {
  const manifest = decodeManifest(bytes);
  const { version, model, limits } = manifest;
  if (version !== manifestVersion) throw outOfLimit(`its version must be ${manifestVersion}`);
  if (model.parameters < 1) throw outOfLimit('its model has no parameters');
  const codec = codecOf(manifest);
  const fragments = fragmentsOf(manifest);
  const payloadBytes = codec.payloadBytes(fragments.length);
  if (limits.payloadBytes !== payloadBytes)
    throw outOfLimit(`its payload_bytes must be ${payloadBytes} for this model and codec`);
  return { manifest, codec, fragments, downlink: downlinkCodecOf(manifest) };
}

function outOfLimit(problem: string): WireError {
  return new WireError(RefusalCode.OUT_OF_LIMIT, problem);
}
