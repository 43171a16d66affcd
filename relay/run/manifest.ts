import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { TapestryError } from '../../client/errors.ts';
import type { Codec } from '../wire/codec/codec.ts';
import { encodeManifest, type WholeManifest, WireError } from '../wire/frames.ts';
import { toHex } from '../wire/hex.ts';
import { readManifest } from '../wire/manifest.ts';
import { tokensOf } from '../wire/offer.ts';
import { type Manifest, ManifestSchema, type Strategy, type StrategySchema } from '../wire/tapestry_pb.js';
import { sumsAreExact } from './aggregate.ts';
import { mergeProblem } from './merge/problem.ts';
import { outerProblem } from './outer/problem.ts';
import { paceProblem } from './pace/problem.ts';
import { qualityProblem } from './quality/problem.ts';
import { partProblem } from './ranges/problem.ts';
import { upstreamProblem } from './upstream/problem.ts';

type ManifestInit = Exclude<MessageInitShape<typeof ManifestSchema>, Manifest>;

/** A manifest before its relay and its first base are known. It may be a plain object, but must have every field. */
export type ManifestDraft = Omit<ManifestInit, 'relayKey' | 'initialBase' | '$typeName' | '$unknown'>;

/** A draft's strategy: plain objects. */
export type StrategyDraft = Exclude<MessageInitShape<typeof StrategySchema>, Strategy>;

/** The draft's manifest, encoded. Throws TapestryError `manifest.invalid` for invalid settings. */
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

/** Decodes a manifest and checks that a relay can run it. Throws TapestryError `manifest.invalid`. */
export function parseManifest(bytes: Uint8Array): ReturnType<typeof readManifest> {
  try {
    const read = readManifest(bytes);
    const problem = problemOf(read.manifest, read.codec);
    if (problem !== null) throw invalid(problem);
    return read;
  } catch (error) {
    throw error instanceof WireError ? invalid(error.message) : error;
  }
}

function problemOf(manifest: WholeManifest, codec: Codec): string | null {
  const { strategy, limits, guard, norm } = manifest;
  const { quorum, target, deadlineMs, maxTokens, maxNodes } = limits;
  if (strategy.rounds < 1 || strategy.localSteps < 1) return 'rounds and local steps must be at least 1';
  if (quorum < 1 || target < quorum) return 'quorum must be at least 1 and target at least quorum';
  if (limits.weightShare < 1) return 'weight_share must be at least 1 per cent';
  if (maxNodes < quorum) return 'max_nodes must be at least the quorum';
  if (deadlineMs < 1) return 'the deadline must be at least 1 ms';
  if (maxTokens < tokensOf(strategy, strategy.localSteps))
    return 'max_tokens is less than the tokens of a round';
  if (!sumsAreExact(codec, maxTokens, target)) {
    return 'sums could pass 2^53 and lose bits: lower bits, max_shift, max_tokens or target';
  }
  if (guard.case === 'probe') {
    const { byteLength, maxIncrease, rounds } = guard.value;
    if (byteLength < 8 || byteLength % 4 !== 0) return 'its probe has fewer than two tokens';
    if (maxIncrease < 0) return 'max_increase must not be negative';
    if (rounds < 1) return 'its probe compares with no round';
  }
  if (norm.case === 'following' && (norm.value.factor < 1 || norm.value.rounds < 1))
    return 'its norm must follow at least one round, with a factor of at least 1';
  return (
    partProblem(manifest) ??
    upstreamProblem(manifest) ??
    outerProblem(manifest) ??
    paceProblem(manifest) ??
    qualityProblem(manifest) ??
    mergeProblem(manifest)
  );
}

/**
 * The fields in which two manifests differ, such as `codec` or `strategy.inner`, apart from `created` and the relay's key:
 * empty for the same settings.
 */
export function differences(one: Manifest, other: Manifest): string[] {
  const parts = [
    'version',
    'name',
    'tokenizer',
    'codec',
    'merge',
    'lane',
    'guard',
    'norm',
    'pace',
    'downlink',
    'quality',
    'contributionReaders',
    'corpora',
    'upstream',
    'mixing',
    'initialBase',
  ] as const;
  const differing: string[] = parts.filter((part) => comparable(one[part]) !== comparable(other[part]));
  for (const part of ['model', 'strategy', 'limits'] as const) {
    const [fields, others] = [Object.entries(one[part] ?? {}), new Map(Object.entries(other[part] ?? {}))];
    for (const [name, value] of fields)
      if (comparable(value) !== comparable(others.get(name))) differing.push(`${part}.${name}`);
  }
  return differing;
}

function comparable(value: unknown): string {
  return JSON.stringify(value, (_, item: unknown) => (item instanceof Uint8Array ? toHex(item) : item));
}

function invalid(problem: string): TapestryError {
  return new TapestryError(
    'manifest.invalid',
    `The run's manifest is invalid: ${problem}.`,
    'Change the settings of the run.',
  );
}
