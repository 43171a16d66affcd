import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { TapestryError } from '../client/errors.ts';
import { sumsAreExact } from './aggregate.ts';
import { type DenseCodec, denseCodecOf, densePayloadBytes } from './wire/dense.ts';
import { decodeManifest, encodeManifest, type WholeManifest, WireError } from './wire/frames.ts';
import { toHex } from './wire/hex.ts';
import { type Manifest, ManifestSchema } from './wire/tapestry_pb.js';

type ManifestInit = Exclude<MessageInitShape<typeof ManifestSchema>, Manifest>;

/** A manifest before its relay and its first base are known: plain objects will do, but no field may be missing. */
export type ManifestDraft = Omit<ManifestInit, 'relayKey' | 'initialBase' | '$typeName' | '$unknown'>;

/** The draft's manifest, encoded; throws TapestryError `manifest.invalid` for one that no run can be held by. */
export function manifestBytesOf(
  draft: ManifestDraft,
  keys: Pick<Manifest, 'relayKey' | 'initialBase'>,
): Uint8Array<ArrayBuffer> {
  let bytes: Uint8Array<ArrayBuffer>;
  try {
    bytes = encodeManifest(create(ManifestSchema, { ...draft, ...keys }));
  } catch (error) {
    throw error instanceof WireError ? invalid(error.message) : error;
  }
  parseManifest(bytes);
  return bytes;
}

/** Decodes and checks what the schema alone cannot say. Throws TapestryError `manifest.invalid`. */
export function parseManifest(bytes: Uint8Array): { manifest: WholeManifest; codec: DenseCodec } {
  try {
    const manifest = decodeManifest(bytes);
    const codec = denseCodecOf(manifest.codec);
    const problem = problemOf(manifest, codec);
    if (problem !== null) throw invalid(problem);
    return { manifest, codec };
  } catch (error) {
    throw error instanceof WireError ? invalid(error.message) : error;
  }
}

function problemOf({ model, strategy, limits }: WholeManifest, codec: DenseCodec): string | null {
  const { quorum, target, deadlineMs, maxTokens, maxNodes, payloadBytes } = limits;
  if (model.parameters < 1) return 'the model has no parameters';
  if (strategy.rounds < 1 || strategy.localSteps < 1) return 'rounds and local steps must be at least 1';
  if (quorum < 1 || target < quorum) return 'quorum must be at least 1 and target at least quorum';
  if (maxNodes < quorum) return 'max_nodes must be at least the quorum';
  if (deadlineMs < 1) return 'the deadline must be at least 1 ms';
  if (maxTokens < 1) return 'max_tokens must be at least 1';
  if (payloadBytes !== densePayloadBytes(model.parameters, codec)) {
    return `payload_bytes must be ${densePayloadBytes(model.parameters, codec)} for this model and codec`;
  }
  if (!sumsAreExact(codec, maxTokens, target)) {
    return 'sums could pass 2^53 and lose bits: lower bits, max_shift, max_tokens or target';
  }
  return null;
}

/**
 * The parts of two manifests that differ, apart from when they were made and by which key: empty when they are the
 * same run as far as anyone who starts it can say.
 */
export function differences(one: Manifest, other: Manifest): string[] {
  const parts = [
    'version',
    'name',
    'model',
    'tokenizer',
    'strategy',
    'codec',
    'limits',
    'lane',
    'nations',
    'initialBase',
  ] as const;
  return parts.filter((part) => comparable(one[part]) !== comparable(other[part]));
}

function comparable(value: unknown): string {
  return JSON.stringify(value, (_, item: unknown) => (item instanceof Uint8Array ? toHex(item) : item));
}

function invalid(problem: string): TapestryError {
  return new TapestryError(
    'manifest.invalid',
    `the run's manifest does not hold: ${problem}`,
    'Change its settings.',
  );
}
