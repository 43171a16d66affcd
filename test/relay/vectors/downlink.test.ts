import { expect, test } from 'vitest';
import { Random } from '../../../client/random.ts';
import { type ManifestDraft, manifestBytesOf, parseManifest } from '../../../relay/run/manifest.ts';
import { RoundFold } from '../../../relay/run/round-fold.ts';
import { bytesOfVector } from '../../../relay/storage/blob-store.ts';
import { hashOfBytes } from '../../../relay/storage/sha256.ts';
import { statisticalCodec } from '../../../relay/wire/codec/statistical.ts';
import { encodeManifest } from '../../../relay/wire/frames.ts';
import { fromHex, toHex } from '../../../relay/wire/hex.ts';
import { integersOf } from '../../support/relay/integers.ts';
import { drawnPayload, tinyRun } from '../../support/relay/run-support.ts';
import { expectVectors } from '../../support/relay/vectors.ts';

const parameters = 70;
const keys = { relayKey: new Uint8Array(32), initialBase: new Uint8Array(32) };

const downlinks: Record<string, NonNullable<ManifestDraft['downlink']>> = {
  dense: { case: 'denseDeltas', value: { bits: 4, block: 32, exponent: -20, maxShift: 16 } },
  sparse: { case: 'sparseDeltas', value: { chunk: 16, top: 5, exponent: -22, maxShift: 14 } },
  entropy: { case: 'entropyDeltas', value: { block: 48, bytes: 20, exponent: -22, maxShift: 14 } },
  statistical: { case: 'statisticalDeltas', value: { block: 24, exponent: -22, maxShift: 14 } },
};

/** Rounds of a run: the payload that leads from each base to the next, and the hashes of the state. */
async function roundsOf(
  downlink: NonNullable<ManifestDraft['downlink']>,
  seed: number,
  fragments?: { count: number; block: number },
) {
  const draft = tinyRun({ parameters, rounds: 3, downlink, ...(fragments && { fragments }) }).manifest;
  const random = Random.seeded(seed);
  const base = new Float32Array(parameters).map((_, i) => (i === 0 ? -0 : random.normal()));
  const bytes = manifestBytesOf(draft, { ...keys, initialBase: fromHex(hashOfBytes(bytesOfVector(base))) });
  const { manifest, codec, fragments: cut } = parseManifest(bytes);
  const fold = new RoundFold(manifest, codec, [base]);
  const rounds = [];
  for (let round = 1; round <= 3; round++) {
    const payloads = [320, 77].map((tokens, i) => ({
      tokens,
      payload: toHex(drawnPayload(cut.length, 10 * round + i)),
    }));
    const before = fold.base;
    const { state, delta } = await fold.next(
      round,
      payloads.map(({ tokens, payload }) => ({
        tokens,
        payload: hashOfBytes(fromHex(payload)),
        part: 'whole' as const,
        read: async () => fromHex(payload),
      })),
    );
    fold.commit(state);
    const { count, block } = fragments ?? { count: 1, block: parameters };
    for (const [i, value] of fold.base.entries())
      if (Math.floor(i / block) % count !== (round - 1) % count) expect(value).toBe(before[i]);
    const hashes = state.map((vector) => hashOfBytes(bytesOfVector(vector)));
    expect(hashes).toHaveLength(3);
    rounds.push({ contributions: payloads, delta: toHex(delta ?? new Uint8Array()), state: hashes });
  }
  return { manifest: toHex(bytes), initialBase: toHex(bytesOfVector(base)), rounds };
}

/** A statistical payload of a shift, two magnitudes and 6 bits of codes. */
function payloads() {
  const codec = { block: 4, exponent: -16, maxShift: 2, clipNorm: 100, feedbackDecay: 0.9 };
  const all = { 'all four numbers': '0164c81e', 'a lower magnitude of zero': '0000c802' };
  const refused = {
    'a shift above max_shift': '0364c81e',
    'a shift that is not the least': '01647f1e',
    'a lower magnitude above the higher one': '01c9c81e',
    'a left-over bit': '0164c85e',
    'a zero with a sign': '0000c81d',
    'another length': '0164c8',
  };
  for (const [why, payload] of Object.entries(refused))
    expect(() => integersOf(statisticalCodec(codec), fromHex(payload), 3), why).toThrow();
  const integers = Object.entries(all).map(([why, payload]) => ({
    ...{ why, payload, integers: [...integersOf(statisticalCodec(codec), fromHex(payload), 3)] },
  }));
  return { codec, parameters: 3, integers, refused };
}

function refusedManifests() {
  const { manifest } = tinyRun({ parameters: 5 });
  const statistical = { block: 4, exponent: -16, maxShift: 2, clipNorm: 1, feedbackDecay: 1 };
  const limits = { ...manifest.limits, payloadBytes: statisticalCodec(statistical).payloadBytes(5) };
  const sparse = { chunk: 4, top: 5, exponent: -16, maxShift: 2 };
  const invalid: Record<string, ManifestDraft> = {
    'a residual of nodes that does not decay': {
      ...manifest,
      limits,
      codec: { case: 'statistical', value: statistical },
    },
    'a delta of one bit': {
      ...manifest,
      downlink: { case: 'denseDeltas', value: { bits: 1, block: 4, exponent: -9, maxShift: 2 } },
    },
    'more values than a chunk': { ...manifest, downlink: { case: 'sparseDeltas', value: sparse } },
    'an entropy-coded block of too few bytes': {
      ...manifest,
      downlink: { case: 'entropyDeltas', value: { block: 4096, bytes: 63, exponent: -9, maxShift: 2 } },
    },
    'an empty block': {
      ...manifest,
      downlink: { case: 'statisticalDeltas', value: { block: 0, exponent: -9, maxShift: 2 } },
    },
  };
  return Object.fromEntries(
    Object.entries(invalid).map(([why, draft]) => {
      const bytes = encodeManifest({ ...draft, ...keys });
      expect(() => parseManifest(bytes), why).toThrow(expect.objectContaining({ code: 'manifest.invalid' }));
      return [why, toHex(bytes)];
    }),
  );
}

test('downlink.json: rounds of runs whose bases follow by deltas, statistical payloads, and what is refused', async () => {
  const runs = Object.entries(downlinks).map(async ([name, downlink], seed) => ({
    ...{ name, ...(await roundsOf(downlink, seed)) },
  }));
  const { entropy } = downlinks;
  if (entropy === undefined) throw new Error('it is one of them');
  const streaming = { name: 'entropy, fragments', ...(await roundsOf(entropy, 9, { count: 2, block: 16 })) };
  await expectVectors('downlink', {
    ...{
      runs: [...(await Promise.all(runs)), streaming],
      statistical: payloads(),
      refused: refusedManifests(),
    },
  });
});
