import { create } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import { Random } from '../../../client/random.ts';
import { type ManifestDraft, manifestBytesOf, parseManifest } from '../../../relay/run/manifest.ts';
import { RoundFold } from '../../../relay/run/round-fold.ts';
import { bytesOfVector } from '../../../relay/storage/blob-store.ts';
import { hashOfBytes } from '../../../relay/storage/sha256.ts';
import { encodeManifest } from '../../../relay/wire/frames.ts';
import { fromHex, toHex } from '../../../relay/wire/hex.ts';
import { FragmentsSchema } from '../../../relay/wire/tapestry_pb.js';
import { type TinyRun, tinyRun } from '../../support/relay/run-support.ts';
import { expectVectors } from '../../support/relay/vectors.ts';

const parameters = 90;
const sparse = {
  ...{ chunk: 8, top: 3 },
  ...{ exponent: -16, maxShift: 12, clipNorm: 100, feedbackDecay: 0.95 },
};

/** Five rounds of four nodes, of which the last one points against the others. */
async function vectorsOf(seed: number, of: TinyRun, fragments: { count: number; block: number }) {
  const random = Random.seeded(seed, 13);
  const drawn = (length: number) => new Float32Array(length).map(() => random.normal());
  const draft = tinyRun({ ...of, parameters, rounds: 5, target: 5, fragments }).manifest;
  const base = drawn(parameters);
  const keys = { relayKey: new Uint8Array(32), initialBase: fromHex(hashOfBytes(bytesOfVector(base))) };
  const bytes = manifestBytesOf(draft, keys);
  const { manifest, codec, fragments: cut } = parseManifest(bytes);
  const fold = new RoundFold(manifest, codec, [base]);
  const rounds = [];
  for (let round = 1; round <= 5; round++) {
    const shared = drawn(cut.length);
    const contributions = [320, 77, 320, 64].map((tokens, i) => {
      const own = shared.map((value) => (i === 3 ? -1 : 1) * (value + random.normal() / 4));
      return { tokens, payload: toHex(codec.encode(own, new Float32Array(cut.length))) };
    });
    const before = fold.base;
    const { state, excluded } = await fold.next(
      round,
      contributions.map(({ tokens, payload }) => ({
        tokens,
        payload: hashOfBytes(fromHex(payload)),
        part: 'whole' as const,
        read: async () => fromHex(payload),
      })),
    );
    fold.commit(state);
    for (const [i, value] of fold.base.entries())
      if (Math.floor(i / fragments.block) % fragments.count !== (round - 1) % fragments.count)
        expect(value).toBe(before[i]);
    rounds.push({
      contributions,
      excluded,
      state: state.map((vector) => hashOfBytes(bytesOfVector(vector))),
    });
  }
  return {
    ...{ manifest: toHex(bytes), initialBase: toHex(bytesOfVector(base)), rounds },
    refused: refusedOf(draft, fragments.count, keys),
  };
}

/** Manifests that differ in their fragments from one that is valid. */
function refusedOf(
  draft: ManifestDraft,
  count: number,
  keys: Pick<Parameters<typeof manifestBytesOf>[1], 'relayKey' | 'initialBase'>,
) {
  const before = { case: 'beforeSteps', value: {} } as const;
  const invalid = {
    'one fragment': { count: 1, block: 8, arrival: before },
    'blocks of nothing': { count, block: 0, arrival: before },
    'a fragment without values': { count, block: parameters, arrival: before },
    'more fragments than rounds': { count: 6, block: 8, arrival: before },
    'a negative share': { count, block: 8, arrival: { case: 'afterSteps', value: { localShare: -0.5 } } },
  } as const;
  const refused = Object.entries(invalid).map(([why, value]) => {
    const part = { case: 'fragments', value: create(FragmentsSchema, value) } as const;
    const wrong = encodeManifest({ ...draft, ...keys, strategy: { ...draft.strategy, part } });
    expect(() => parseManifest(wrong), why).toThrow(expect.objectContaining({ code: 'manifest.invalid' }));
    return [why, toHex(wrong)];
  });
  return Object.fromEntries(refused);
}

test('fragments.json: rounds that synchronize fragments with each codec, merge rule and outer step, and manifests that are refused', async () => {
  const [dense, robust] = await Promise.all([
    vectorsOf(1, {}, { count: 3, block: 20 }),
    vectorsOf(2, { sparse, tensors: [16, 64, 10] }, { count: 2, block: 16 }),
  ]);
  for (const { excluded } of robust.rounds) expect(excluded).toEqual([3]);
  await expectVectors('fragments', { runs: [dense, robust] });
});
