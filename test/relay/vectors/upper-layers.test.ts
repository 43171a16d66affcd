import { create } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import { Random } from '../../../client/random.ts';
import { type ManifestDraft, manifestBytesOf, parseManifest } from '../../../relay/run/manifest.ts';
import { RoundFold } from '../../../relay/run/round-fold.ts';
import { bytesOfVector } from '../../../relay/storage/blob-store.ts';
import { hashOfBytes } from '../../../relay/storage/sha256.ts';
import { type PartName, valuesOf } from '../../../relay/wire/fragments.ts';
import { encodeManifest } from '../../../relay/wire/frames.ts';
import { fromHex, toHex } from '../../../relay/wire/hex.ts';
import { ManifestSchema, UpperLayersSchema } from '../../../relay/wire/tapestry_pb.js';
import { type TinyRun, tinyRun } from '../../support/relay/run-support.ts';
import { expectVectors } from '../../support/relay/vectors.ts';

const parameters = 90;
const sparse = {
  ...{ chunk: 8, top: 3 },
  ...{ exponent: -16, maxShift: 12, clipNorm: 100, feedbackDecay: 0.95 },
};
const keys = { relayKey: new Uint8Array(32), initialBase: new Uint8Array(32) };

/** The parts of the contributions of each round: of both kinds, of one, of the other, of both again, and with fewer whole ones than the quorum of two. */
const kinds: readonly (readonly PartName[])[] = [
  ['whole', 'upper', 'whole', 'upper', 'whole'],
  ['whole', 'whole', 'whole', 'whole', 'whole'],
  ['upper', 'upper', 'upper', 'upper', 'upper'],
  ['upper', 'whole', 'upper', 'whole', 'upper'],
  ['upper', 'upper', 'whole', 'upper', 'upper'],
];

/** Rounds of five nodes, of which the last one points against the others. */
async function vectorsOf(seed: number, of: TinyRun) {
  const random = Random.seeded(seed, 31);
  const drawn = (length: number) => new Float32Array(length).map(() => random.normal());
  const draft = tinyRun({ ...of, parameters, rounds: 5, target: 5 }).manifest;
  const base = drawn(parameters);
  const initialBase = fromHex(hashOfBytes(bytesOfVector(base)));
  const bytes = manifestBytesOf(draft, { ...keys, initialBase });
  const { manifest, codec, fragments } = parseManifest(bytes);
  const fold = new RoundFold(manifest, codec, [base]);
  const rounds = [];
  for (const [i, parts] of kinds.entries()) {
    const shared = drawn(parameters);
    const contributions = parts.map((part, node) => {
      const own = shared.map((value) => (node === 4 ? -1 : 1) * (value + random.normal() / 4));
      const values = part === 'whole' ? own : (fragments.upper?.of(own) ?? own);
      const decoded = new Float32Array(valuesOf(fragments, part) ?? 0);
      return {
        tokens: [320, 77, 320, 64, 96][node] ?? 0,
        part,
        payload: toHex(codec.encode(values, decoded)),
      };
    });
    const { state, delta, excluded, norm } = await fold.next(
      i + 1,
      contributions.map(({ tokens, part, payload }) => ({
        ...{ tokens, part },
        payload: hashOfBytes(fromHex(payload)),
        read: async () => fromHex(payload),
      })),
    );
    fold.commit(state);
    const hashes = state.map((vector) => hashOfBytes(bytesOfVector(vector)));
    rounds.push({ contributions, excluded, norm, delta: delta && toHex(delta), state: hashes });
  }
  return { manifest: toHex(bytes), initialBase: toHex(bytesOfVector(base)), rounds };
}

/** Manifests that are refused because of their upper layers. */
function refused() {
  const upperFrom = 48;
  const draft = tinyRun({ parameters, upperFrom }).manifest;
  const withPart = (layers: number, from: number): ManifestDraft => ({
    ...draft,
    strategy: {
      ...draft.strategy,
      part: { case: 'upperLayers', value: create(UpperLayersSchema, { layers, from }) },
    },
  });
  const layers = 'its upper layers are not a part of its model';
  const invalid: Record<string, [string, ManifestDraft]> = {
    'no layer': [layers, withPart(0, upperFrom)],
    'more layers than the model has': [layers, withPart(2, upperFrom)],
    'the whole vector': [layers, withPart(1, 0)],
    'no value': [layers, withPart(1, parameters)],
    'in a run with arrivals': [
      'a run with arrivals cannot grant',
      tinyRun({
        ...{ parameters, upperFrom, quorum: 1, target: 1 },
        arrivals: { maxStaleness: 4, leastSteps: 1 },
      }).manifest,
    ],
    'with delayed Nesterov': [
      'delayed Nesterov needs',
      tinyRun({
        ...{ parameters, upperFrom },
        outer: {
          case: 'delayedNesterov',
          value: {
            learningRate: 0.7,
            momentum: 0.9,
            period: 2,
            correction: { case: 'uncorrected', value: {} },
          },
        },
      }).manifest,
    ],
    'below an upstream run': [
      'cannot grant its upper layers',
      { ...draft, upstream: [new Uint8Array(32).fill(3)] },
    ],
    'with a tensor of less than two sparse chunks above it': [
      'must have two chunks',
      tinyRun({
        ...{ parameters, upperFrom: 50, sparse },
        tensors: [50, 25, 15],
      }).manifest,
    ],
  };
  return Object.fromEntries(
    Object.entries(invalid).map(([why, [problem, manifest]]) => {
      const wrong = encodeManifest(create(ManifestSchema, { ...manifest, ...keys }));
      const error = { code: 'manifest.invalid', message: expect.stringContaining(problem) };
      expect(() => parseManifest(wrong), why).toThrow(expect.objectContaining(error));
      return [why, toHex(wrong)];
    }),
  );
}

test('upper-layers.json: rounds of whole deltas and of parts with each codec and merge rule, and manifests that are refused', async () => {
  const [mean, robust, following, trimmed] = [
    await vectorsOf(1, { upperFrom: 50, weightShare: 40 }),
    await vectorsOf(2, { upperFrom: 50, sparse, tensors: [17, 33, 16, 24] }),
    await vectorsOf(3, {
      upperFrom: 33,
      downlink: { case: 'denseDeltas', value: { bits: 4, block: 16, exponent: -12, maxShift: 8 } },
    }),
    await vectorsOf(4, { upperFrom: 77, merge: { case: 'trimmedMean', value: { trim: 0.25 } } }),
  ];
  expect(robust.rounds.map(({ excluded }) => excluded)).toEqual([[4], [4], [4], [4], [4]]);
  await expectVectors('upper-layers', { runs: [mean, robust, following, trimmed], refused: refused() });
});
