import { create } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import { Random } from '../../../client/random.ts';
import { type ManifestDraft, manifestBytesOf, parseManifest } from '../../../relay/run/manifest.ts';
import { RoundFold } from '../../../relay/run/round-fold.ts';
import { bytesOfVector } from '../../../relay/storage/blob-store.ts';
import { hashOfBytes } from '../../../relay/storage/sha256.ts';
import { sparseCodec } from '../../../relay/wire/codec/sparse.ts';
import { encodeManifest } from '../../../relay/wire/frames.ts';
import { fromHex, toHex } from '../../../relay/wire/hex.ts';
import { SgdSchema } from '../../../relay/wire/tapestry_pb.js';
import { integersOf } from '../../support/relay/integers.ts';
import { tinyRun } from '../../support/relay/run-support.ts';
import { expectVectors } from '../../support/relay/vectors.ts';

const annealed = { learningRate: 1, finalRate: 0.4, constantRounds: 1 };
const grid = { exponent: -16, maxShift: 12, clipNorm: 100, feedbackDecay: 0.95 };

function drawnPayloads() {
  const random = Random.seeded(6);
  return [
    { chunk: 4096, top: 64, parameters: 4096 + 100 },
    { chunk: 8, top: 3, parameters: 29 },
    { chunk: 1, top: 1, parameters: 3 },
    { chunk: 7, top: 7, parameters: 12 },
  ].map(({ parameters, ...shape }) => {
    const codec = { ...shape, ...grid };
    const values = new Float32Array(parameters).map(() => random.normal() / 20);
    const payload = sparseCodec(codec).encode(values, new Float32Array(parameters));
    return {
      ...{ codec, parameters, payload: toHex(payload) },
      integers: [...integersOf(sparseCodec(codec), payload, parameters)],
    };
  });
}

/** Three of four values: 3 bytes of magnitudes, 36 bits of indices, 6 bits of codes. */
function refusedPayloads() {
  const codec = { chunk: 4, top: 3, ...grid, maxShift: 2 };
  const good = '0164c8001000030024';
  expect([...integersOf(sparseCodec(codec), fromHex(good), 4)]).toContain(0);
  const payloads = {
    'a shift above max_shift': '0364c8001000030024',
    'a shift that is not the least': '01647f001000030024',
    'a magnitude of zero': '0100c8001000030024',
    'a lower magnitude above the higher one': '01c9c8001000030024',
    'an index twice': '0164c8000000030024',
    'indices that descend': '0164c8021000030024',
    'an index past the last value': '0164c8001000040024',
    'a left-over bit after the indices': '0164c8001000031024',
    'a left-over bit after the codes': '0164c8001000030064',
    'another length': '0164c80010000300',
  };
  for (const [why, payload] of Object.entries(payloads))
    expect(() => integersOf(sparseCodec(codec), fromHex(payload), 4), why).toThrow();
  return { codec, parameters: 4, payloads };
}

async function foldedRun() {
  const random = Random.seeded(12);
  const sparse = { chunk: 16, top: 4, ...grid };
  const tensors = [16, 64, 10];
  const draft = tinyRun({ parameters: 90, rounds: 4, target: 5, tensors, sparse }).manifest;
  const base = new Float32Array(90).map(() => random.normal());
  const keys = { relayKey: new Uint8Array(32), initialBase: fromHex(hashOfBytes(bytesOfVector(base))) };
  const bytes = manifestBytesOf(draft, keys);
  const { manifest, codec } = parseManifest(bytes);
  const fold = new RoundFold(manifest, codec, [base]);
  const rounds = [];
  for (let round = 1; round <= 4; round++) {
    const shared = new Float32Array(90).map(() => random.normal());
    const payloads = [320, 77, 320, 64].map((tokens, i) => {
      const own = shared.map((value) => (i === 3 ? -1 : 1) * (value + random.normal() / 4));
      return { tokens, payload: toHex(codec.encode(own, new Float32Array(90))) };
    });
    const { state, excluded } = await fold.next(
      round,
      payloads.map(({ tokens, payload }) => ({
        tokens,
        payload: hashOfBytes(fromHex(payload)),
        part: 'whole' as const,
        read: async () => fromHex(payload),
      })),
    );
    expect([state.length, excluded]).toEqual([1, [3]]);
    fold.commit(state);
    rounds.push({ contributions: payloads, excluded, base: hashOfBytes(bytesOfVector(fold.base)) });
  }
  const sgd = (changes: Partial<typeof annealed>): ManifestDraft => ({
    ...draft,
    strategy: {
      ...draft.strategy,
      outer: { case: 'sgd', value: create(SgdSchema, { ...annealed, ...changes }) },
    },
  });
  const invalid: Record<string, ManifestDraft> = {
    'tensors that are not of whole chunks': {
      ...draft,
      merge: { case: 'robustMean', value: { tensors: [15, 65, 10], normFactor: 1.25 } },
    },
    'no constant round': sgd({ constantRounds: 0 }),
    'more constant rounds than rounds': sgd({ constantRounds: 5 }),
    'a final rate of zero': sgd({ finalRate: 0 }),
  };
  const refused = Object.entries(invalid).map(([why, other]) => {
    const wrong = encodeManifest({ ...other, ...keys });
    expect(() => parseManifest(wrong), why).toThrow(expect.objectContaining({ code: 'manifest.invalid' }));
    return [why, toHex(wrong)];
  });
  return {
    manifest: toHex(bytes),
    initialBase: toHex(bytesOfVector(base)),
    ...{ rounds, refused: Object.fromEntries(refused) },
  };
}

test('sparse.json: sparse payloads and their integers, payloads and manifests that are refused, and rounds of a sparse run', async () => {
  await expectVectors('sparse', {
    ...{ payloads: drawnPayloads(), refused: refusedPayloads() },
    run: await foldedRun(),
  });
});
