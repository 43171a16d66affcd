import { create } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import { Random } from '../../../client/random.ts';
import { lossText } from '../../../relay/journal/entry.ts';
import { type ManifestDraft, manifestBytesOf, parseManifest } from '../../../relay/run/manifest.ts';
import { medianScores } from '../../../relay/run/quality/evaluators/median-scores.ts';
import { RoundFold } from '../../../relay/run/round-fold.ts';
import { bytesOfVector } from '../../../relay/storage/blob-store.ts';
import { hashOfBytes } from '../../../relay/storage/sha256.ts';
import { encodeManifest } from '../../../relay/wire/frames.ts';
import { fromHex, toHex } from '../../../relay/wire/hex.ts';
import { ManifestSchema } from '../../../relay/wire/tapestry_pb.js';
import { tinyRun } from '../../support/relay/run-support.ts';
import { expectVectors } from '../../support/relay/vectors.ts';

const keys = { relayKey: new Uint8Array(32), initialBase: new Uint8Array(32) };
const parameters = 60;
const probe = { tokens: new Uint8Array(8), maxIncrease: 1, rounds: 1 };
const numbers = {
  ...{ speedFactor: 8, workPart: 0.5, copyLikeness: 0.9 },
  ...{ evaluations: 3, scoreTolerance: 0.01, scorePart: 0.25 },
  ...{ evaluators: [] as Uint8Array[], evaluatorQuorum: 0, evaluationMs: 0 },
};

/** Each number of the rules, in a round in which it decides: four honest contributions, and five that count for less. */
const cases = [
  numbers,
  { ...numbers, evaluations: 0 },
  { ...numbers, workPart: 0, copyLikeness: 1 },
  { ...numbers, speedFactor: 1, scorePart: 1 },
];

const measured = (value: typeof numbers) => ({ case: 'measured' as const, value });

async function round(value: typeof numbers, seed: number) {
  const random = Random.seeded(seed);
  const draft = tinyRun({ parameters, target: 9, probe, quality: measured(value) }).manifest;
  const bytes = manifestBytesOf(draft, keys);
  const { manifest, codec } = parseManifest(bytes);
  const base = new Float32Array(parameters).map(() => random.normal());
  const shared = new Float32Array(parameters).map(() => random.normal() / 8);
  const drawn = Array.from({ length: 9 }, () => shared.map((one) => one + random.normal() / 8));
  const [first = shared] = drawn;
  drawn[5] = first.map((one) => one * 0.7 + random.normal() / 200);
  drawn[6] = shared.map((one) => one / 9);
  const contributions = drawn.map((values, i) => ({
    tokens: [320, 160, 96, 320, 320, 320, 320, 320, 320][i] ?? 0,
    payload: toHex(codec.encode(new Float32Array(values), new Float32Array(parameters))),
    standing: {
      elapsedMs: i === 4 ? 3 : 900 + 40 * i,
      pace: i % 2 === 0 ? 2.5 + i / 8 : null,
      reputation: [64, 96, 175, 63, 64, 64, 64, 20, 95][i] ?? 0,
      score:
        value.evaluations === 0
          ? null
          : ([0.25, null, null, 0.0625, null, null, null, null, -0.5][i] ?? null),
    },
  }));
  const folded = await new RoundFold(manifest, codec, [base]).next(
    1,
    contributions.map((one) => ({
      ...one,
      payload: hashOfBytes(fromHex(one.payload)),
      part: 'whole' as const,
      read: async () => fromHex(one.payload),
    })),
  );
  return {
    ...{ manifest: toHex(bytes), initialBase: toHex(bytesOfVector(base)), contributions },
    weighed: folded.weighed,
    state: folded.state.map((vector) => hashOfBytes(bytesOfVector(vector))),
  };
}

test('quality.json: rounds whose contributions are weighed by what was measured, and manifests that are refused', async () => {
  const drafts: Record<string, ManifestDraft> = {
    'evaluations without a probe': tinyRun({ quality: measured(numbers) }).manifest,
    'a speed factor below 1': tinyRun({ probe, quality: measured({ ...numbers, speedFactor: 0.5 }) })
      .manifest,
    'no likeness': tinyRun({ probe, quality: measured({ ...numbers, copyLikeness: 0 }) }).manifest,
    'a negative part of the work': tinyRun({ probe, quality: measured({ ...numbers, workPart: -0.5 }) })
      .manifest,
    'a negative tolerance': tinyRun({ probe, quality: measured({ ...numbers, scoreTolerance: -1 }) })
      .manifest,
    'more contributions than are compared': tinyRun({ target: 4097, probe, quality: measured(numbers) })
      .manifest,
  };
  const key = new Uint8Array(32).fill(9);
  const granted = { ...numbers, evaluators: [key], evaluatorQuorum: 1, evaluationMs: 1 };
  const evaluatedBy = (changes: Partial<typeof numbers>) =>
    tinyRun({ probe, quality: measured({ ...granted, ...changes }) }).manifest;
  const forAuditor = {
    ...evaluatedBy({}),
    contributionReaders: { case: 'auditor' as const, value: { publicKey: new Uint8Array(32) } },
  };
  Object.assign(drafts, {
    'an evaluator that is named twice': evaluatedBy({ evaluators: [key, key] }),
    'evaluators without evaluations': evaluatedBy({ evaluations: 0 }),
    'a quorum of none': evaluatedBy({ evaluatorQuorum: 0 }),
    'a quorum of more evaluators than there are': evaluatedBy({ evaluatorQuorum: 2 }),
    'no time to evaluate': evaluatedBy({ evaluationMs: 0 }),
    'a quorum without evaluators': evaluatedBy({ evaluators: [] }),
    'an evaluator that may not read contributions': forAuditor,
  });
  const refused = Object.entries(drafts).map(([why, draft]) => {
    const bytes = encodeManifest(create(ManifestSchema, { ...draft, ...keys }));
    expect(() => parseManifest(bytes), why).toThrow(expect.objectContaining({ code: 'manifest.invalid' }));
    return [why, toHex(bytes)];
  });
  const rounds = await Promise.all(cases.map((value, i) => round(value, 60 + i)));
  const reasons = new Set(rounds.flatMap(({ weighed }) => weighed.map(({ reason }) => reason)));
  expect(reasons).toEqual(new Set([null, 'too-fast', 'short', 'copy', 'worse', 'distrusted', 'unproven']));
  const random = Random.seeded(70);
  const medians = [1, 2, 3, 4, 5].map((count) => {
    const loss = () => lossText(Math.fround(2 + random.below(8) / 4));
    const evaluations = Array.from({ length: count }, () => ({ after: loss(), before: [loss(), loss()] }));
    return { evaluations, scores: medianScores([11, 13], evaluations) };
  });
  await expectVectors('quality', { rounds, refused: Object.fromEntries(refused), medians });
});
