import { create } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import { Random } from '../../../client/random.ts';
import { type ManifestDraft, manifestBytesOf, parseManifest } from '../../../relay/run/manifest.ts';
import { mergeOf } from '../../../relay/run/merge/merge-of.ts';
import { RoundFold } from '../../../relay/run/round-fold.ts';
import { bytesOfVector } from '../../../relay/storage/blob-store.ts';
import { hashOfBytes } from '../../../relay/storage/sha256.ts';
import { encodeManifest } from '../../../relay/wire/frames.ts';
import { fromHex, toHex } from '../../../relay/wire/hex.ts';
import { ManifestSchema } from '../../../relay/wire/tapestry_pb.js';
import { openedPart } from '../../support/relay/merge-part.ts';
import { tinyRun } from '../../support/relay/run-support.ts';
import { expectVectors } from '../../support/relay/vectors.ts';

type Merge = NonNullable<ManifestDraft['merge']>;

const keys = { relayKey: new Uint8Array(32), initialBase: new Uint8Array(32) };
const sparse = { chunk: 64, top: 16, exponent: -12, maxShift: 10, clipNorm: 100, feedbackDecay: 0.95 };
const parameters = 150;

const rules: readonly (Merge & { readonly isSparse?: boolean })[] = [
  { case: 'weightedMean', value: {} },
  { case: 'medianNorm', value: { tensors: [100, 50], normFactor: 1 } },
  { case: 'medianNorm', value: { tensors: [128, 22], normFactor: 1.5 }, isSparse: true },
  { case: 'trimmedMean', value: { trim: 0.2 } },
  { case: 'centredClipping', value: { iterations: 3, radiusFactor: 1 } },
  { case: 'centredClipping', value: { iterations: 2, radiusFactor: 0.7 }, isSparse: true },
  { case: 'soup', value: {} },
  { case: 'ties', value: { density: 0.2 } },
  { case: 'ties', value: { density: 0.3 }, isSparse: true },
  { case: 'dare', value: { density: 0.4 } },
  { case: 'dare', value: { density: 0.9 }, isSparse: true },
];

const nameOf = (rule: Merge['case']) => `${rule}`.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** A round under a rule: five deltas, of which one is long and one points the other way. */
async function round({ isSparse = false, ...merge }: (typeof rules)[number], seed: number) {
  const random = Random.seeded(seed);
  const draft = tinyRun({ parameters, target: 5, merge, ...(isSparse ? { sparse } : {}) }).manifest;
  const bytes = manifestBytesOf(draft, keys);
  const { manifest, codec, fragments } = parseManifest(bytes);
  const shared = new Float32Array(parameters).map(() => random.normal() / 8);
  const contributions = [320, 288, 32, 320, 160].map((tokens, i) => {
    const factor = [1, 4, 1, -2, 1][i] ?? 1;
    const own = shared.map((value) => factor * (value + random.normal() / 12));
    return { tokens, payload: toHex(codec.encode(own, new Float32Array(parameters))) };
  });
  const parts = contributions.map(({ tokens, payload }) =>
    openedPart({
      tokens,
      payload: hashOfBytes(fromHex(payload)),
      decode: async (take) => take(codec.decodeSlice(fromHex(payload), parameters, 0)),
    }),
  );
  const range = { length: fragments.length, tensors: fragments.at(1).tensors };
  const { delta, excluded } = await mergeOf(manifest, range).merge(parts, codec.unit);
  return {
    rule: nameOf(merge.case),
    manifest: toHex(bytes),
    ...{ contributions, excluded },
    delta: { first: [...delta.subarray(0, 6)], hash: hashOfBytes(new Uint8Array(delta.buffer)) },
  };
}

const invalid: Readonly<Record<string, Merge>> = {
  'a trim of a half': { case: 'trimmedMean', value: { trim: 0.5 } },
  'no trim': { case: 'trimmedMean', value: { trim: 0 } },
  'no iteration': { case: 'centredClipping', value: { iterations: 0, radiusFactor: 1 } },
  'a radius of zero': { case: 'centredClipping', value: { iterations: 1, radiusFactor: 0 } },
  'a density of zero': { case: 'ties', value: { density: 0 } },
  'a density that no byte has': { case: 'dare', value: { density: 0.001 } },
  'tensors that do not add up': { case: 'medianNorm', value: { tensors: [100, 49], normFactor: 1 } },
};

/** A round of a run that limits the weight of one contribution. */
async function cappedRound(merge: Merge, weightShare: number, seed: number) {
  const random = Random.seeded(seed);
  const draft = tinyRun({ parameters, target: 5, merge, weightShare }).manifest;
  const base = new Float32Array(parameters).map(() => random.normal());
  const { manifest, codec } = parseManifest(manifestBytesOf(draft, keys));
  const contributions = [320, 288, 32, 64, 160].map((tokens) => {
    const own = new Float32Array(parameters).map(() => random.normal() / 8);
    return { tokens, payload: toHex(codec.encode(own, new Float32Array(parameters))) };
  });
  const folded = await new RoundFold(manifest, codec, [base]).next(
    1,
    contributions.map(({ tokens, payload }) => ({
      tokens,
      payload: hashOfBytes(fromHex(payload)),
      part: 'whole' as const,
      read: async () => fromHex(payload),
    })),
  );
  return {
    manifest: toHex(manifestBytesOf(draft, keys)),
    initialBase: toHex(bytesOfVector(base)),
    contributions,
    state: folded.state.map((vector) => hashOfBytes(bytesOfVector(vector))),
  };
}

test('merge-rules.json: a round under each rule, and manifests that are refused', async () => {
  const drafts: Record<string, ManifestDraft> = Object.fromEntries(
    Object.entries(invalid).map(([why, merge]) => [why, tinyRun({ parameters, merge }).manifest]),
  );
  const trimmedMean: Merge = { case: 'trimmedMean', value: { trim: 0.2 } };
  drafts['a trimmed mean of sparse deltas'] = tinyRun({ parameters, sparse, merge: trimmedMean }).manifest;
  drafts['no share of the weight'] = tinyRun({ parameters, weightShare: 0 }).manifest;
  drafts['a trimmed mean of too many deltas'] = tinyRun({
    parameters,
    target: 257,
    merge: trimmedMean,
  }).manifest;
  const refused = Object.entries(drafts).map(([why, draft]) => {
    const bytes = encodeManifest(create(ManifestSchema, { ...draft, ...keys }));
    expect(() => parseManifest(bytes), why).toThrow(expect.objectContaining({ code: 'manifest.invalid' }));
    return [why, toHex(bytes)];
  });
  await expectVectors('merge-rules', {
    capped: await Promise.all([
      cappedRound({ case: 'weightedMean', value: {} }, 25, 40),
      // Five contributions cannot each have less than a tenth.
      cappedRound({ case: 'ties', value: { density: 0.5 } }, 10, 41),
    ]),
    cases: await Promise.all(rules.map((rule, i) => round(rule, 20 + i))),
    refused: Object.fromEntries(refused),
  });
});
