import { create } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import { Random } from '../../../client/random.ts';
import { type ManifestDraft, manifestBytesOf, parseManifest } from '../../../relay/run/manifest.ts';
import { RoundFold } from '../../../relay/run/round-fold.ts';
import { bytesOfVector } from '../../../relay/storage/blob-store.ts';
import { hashOfBytes } from '../../../relay/storage/sha256.ts';
import { encodeManifest } from '../../../relay/wire/frames.ts';
import { fromHex, toHex } from '../../../relay/wire/hex.ts';
import { ArrivalsSchema, DelayedNesterovSchema } from '../../../relay/wire/tapestry_pb.js';
import { tinyRun } from '../../support/relay/run-support.ts';
import { expectVectors } from '../../support/relay/vectors.ts';

const parameters = 60;
const rate = { learningRate: 0.7, momentum: 0.5 };
const heloco = { tensors: [20, 30, 10], aligned: 0.2, turn: 0.5 };
const corrections = {
  uncorrected: { case: 'uncorrected', value: {} },
  heloco: { case: 'heloco', value: heloco },
} as const;

type Outer = Parameters<typeof create<typeof DelayedNesterovSchema>>[1];

function draftOf(outer: Outer, arrivals = { maxStaleness: 2, leastSteps: 5 }): ManifestDraft {
  const { manifest } = tinyRun({ parameters, rounds: 9, quorum: 1, target: 2 });
  return {
    ...manifest,
    strategy: {
      ...manifest.strategy,
      outer: { case: 'delayedNesterov', value: create(DelayedNesterovSchema, outer) },
    },
    pace: { case: 'arrivals', value: create(ArrivalsSchema, arrivals) },
  };
}

/** Nine rounds of one arrival or two: along the momentum, across it and against it in each tensor. */
async function vectorsOf(name: keyof typeof corrections) {
  const random = Random.seeded(21);
  const drawn = () => new Float32Array(parameters).map(() => random.normal());
  const base = drawn();
  const keys = { relayKey: new Uint8Array(32), initialBase: fromHex(hashOfBytes(bytesOfVector(base))) };
  const bytes = manifestBytesOf(draftOf({ ...rate, period: 3, correction: corrections[name] }), keys);
  const { manifest, codec } = parseManifest(bytes);
  const fold = new RoundFold(manifest, codec, [base]);
  const shared = drawn();
  const rounds = [];
  for (let round = 1; round <= 9; round++) {
    const contributions = [320, 96].slice(0, 1 + (round % 2)).map((tokens, i) => {
      const sign = [1, 0.05, -1][(round + i) % 3] ?? 1;
      const own = shared.map((value) => sign * value + random.normal() / 4);
      return { tokens, payload: toHex(codec.encode(own, new Float32Array(parameters))) };
    });
    const { state } = await fold.next(
      round,
      contributions.map(({ tokens, payload }) => ({
        tokens,
        payload: hashOfBytes(fromHex(payload)),
        part: 'whole' as const,
        read: async () => fromHex(payload),
      })),
    );
    expect(state).toHaveLength(3);
    fold.commit(state);
    const hashes = state.map((vector) => hashOfBytes(bytesOfVector(vector)));
    rounds.push({ contributions, excluded: [], state: hashes });
  }
  const invalid: Record<string, Outer> = {
    'a period of no round': { ...rate, period: 0, correction: corrections.uncorrected },
    'a rate of zero': { ...rate, learningRate: 0, period: 3, correction: corrections.uncorrected },
    'tensors that are not its parameters': {
      ...{ ...rate, period: 3 },
      correction: { case: 'heloco', value: { ...heloco, tensors: [20, 30] } },
    },
    'a threshold of zero': {
      ...{ ...rate, period: 3 },
      correction: { case: 'heloco', value: { ...heloco, aligned: 0 } },
    },
  };
  const valid = draftOf({ ...rate, period: 3, correction: corrections.uncorrected });
  const wrong: [string, ManifestDraft][] = [
    ...Object.entries(invalid).map(([why, outer]): [string, ManifestDraft] => [why, draftOf(outer)]),
    ['arrivals with a quorum of two', { ...valid, limits: tinyRun({ parameters }).manifest.limits ?? {} }],
    [
      'arrivals of no step',
      draftOf(
        { ...rate, period: 3, correction: corrections.uncorrected },
        { maxStaleness: 2, leastSteps: 0 },
      ),
    ],
  ];
  const refused = wrong.map(([why, draft]) => {
    const encoded = encodeManifest({ ...draft, ...keys });
    expect(() => parseManifest(encoded), why).toThrow(expect.objectContaining({ code: 'manifest.invalid' }));
    return [why, toHex(encoded)];
  });
  return {
    ...{ manifest: toHex(bytes), initialBase: toHex(bytesOfVector(base)), rounds },
    refused: Object.fromEntries(refused),
  };
}

test('delayed.json: rounds of delayed Nesterov, without a correction and with HeLoCo, and manifests that are refused', async () => {
  const [plain, corrected] = await Promise.all([vectorsOf('uncorrected'), vectorsOf('heloco')]);
  expect(plain.rounds[8]?.state).not.toEqual(corrected.rounds[8]?.state);
  await expectVectors('delayed', { runs: [plain, corrected] });
});
