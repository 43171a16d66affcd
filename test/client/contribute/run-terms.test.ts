import { beforeAll, describe, expect, test } from 'vitest';
import { manifestModel } from '../../../client/contribute/run-model.ts';
import { readRunTerms } from '../../../client/contribute/run-terms.ts';
import { generate, identityOf } from '../../../client/identity.ts';
import { layoutOf } from '../../../client/model/parameters.ts';
import type { StrategyDraft } from '../../../relay/run/manifest.ts';
import { denseCodec } from '../../../relay/wire/codec/dense.ts';
import { encodeManifest, runIdOf } from '../../../relay/wire/frames.ts';
import { toHex } from '../../../relay/wire/hex.ts';
import { manifestSignedBytes, sign } from '../../../relay/wire/signatures.ts';
import { tinyConfig, tinyRun } from '../../support/contribute/harness.ts';
import { tinyUpper } from '../../support/contribute/upper-terms.ts';

const tiny = { rounds: 3, localSteps: 4, quorum: 1, target: 2 };
const draft = tinyRun(tiny).manifest;
const { model, strategy, limits } = draft;
const adamw = { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.1 };
const inner = (changed: Partial<typeof adamw>) =>
  ({ strategy: { ...strategy, inner: { case: 'adamw', value: { ...adamw, ...changed } } } }) as const;
const dense = { bits: 8, block: 64, exponent: -20, maxShift: 12, clipNorm: 10 };
const file = (byteLength: number, configByteLength = 2) => {
  const hashes = { hash: new Uint8Array(32), configHash: new Uint8Array(32) };
  return { tokenizer: { case: 'file', value: { ...hashes, byteLength, configByteLength } } } as const;
};
const ropeScaling = { factor: 8, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalContext: 8 };
const scaledRope = (changed: Partial<typeof ropeScaling> = {}): Partial<typeof draft> => {
  const scaled = { ...tinyConfig, ropeScaling: { ...ropeScaling, ...changed } };
  return { model: manifestModel(scaled, layoutOf(scaled)) };
};
let relay: Awaited<ReturnType<typeof identityOf>>;

beforeAll(async () => {
  relay = await identityOf(await generate(false));
});

/** The manifest with some of its numbers changed, signed by its relay. */
async function signed(changed: Partial<typeof draft> = {}) {
  const bytes = encodeManifest({
    ...draft,
    relayKey: relay.publicKey,
    initialBase: new Uint8Array(32),
    ...changed,
  });
  return { bytes, signature: await sign(relay.privateKey, manifestSignedBytes(bytes)) };
}

test('a manifest is read into the settings that training needs', async () => {
  const { bytes, signature } = await signed();
  expect(await readRunTerms(bytes, signature)).toMatchObject({
    run: toHex(runIdOf(bytes)),
    name: 'tiny',
    corpora: ['even', 'odd'],
    config: tinyConfig,
    shape: { batch: 2, sequence: 16 },
    rounds: 3,
    localSteps: 4,
    schedule: { kind: 'cosine', peak: 1e-2, warmupSteps: 2, totalSteps: 12, finalFraction: 0.1 },
    codec: { unit: 2 ** -20, greatestInteger: 127 * 2 ** 12, clipNorm: 10 },
  });
});

test('the upper layers that a run grants must begin where this version has them', async () => {
  const read = async (part: NonNullable<StrategyDraft['part']>) => {
    const granting = tinyRun({ ...tiny, upperLayers: 1, strategy: { part } }).manifest;
    const { bytes, signature } = await signed(granting);
    return readRunTerms(bytes, signature);
  };
  const { layers, from, length } = tinyUpper;
  const { fragments, layout } = await read({ case: 'upperLayers', value: { layers, from } });
  expect(fragments).toMatchObject({ count: 1, length: layout.length, upper: { layers, from, length } });
  for (const value of [
    { layers, from: from + 128 },
    { layers, from: from - 128 },
    { layers: 2, from },
  ])
    await expect(read({ case: 'upperLayers', value })).rejects.toMatchObject({
      code: 'relay.bad-manifest',
      message: expect.stringContaining('upper layers begin elsewhere'),
    });
});

test('a model whose RoPE is scaled, or whose heads have a size of their own, is read', async () => {
  const wide = { ...tinyConfig, headSize: 24 };
  const layout = layoutOf(wide);
  const payloadBytes = denseCodec(dense).payloadBytes(layout.length);
  for (const [changed, expected] of [
    [scaledRope(), { ...tinyConfig, ropeScaling }],
    [{ model: manifestModel(wide, layout), limits: { ...limits, payloadBytes } }, wide],
  ] as const) {
    const { bytes, signature } = await signed(changed);
    expect((await readRunTerms(bytes, signature)).config).toEqual(expected);
  }
});

test('the strategy is read into settings of the trainer', async () => {
  const read = async (changed: Partial<StrategyDraft>) => {
    const { bytes, signature } = await signed(tinyRun({ ...tiny, strategy: changed }).manifest);
    return readRunTerms(bytes, signature);
  };
  expect(await read({})).toMatchObject({ trainer: { storage: 'f32', recompute: false, accumulation: 1 } });
  expect((await read({ accumulation: 0 })).trainer).not.toHaveProperty('accumulation');
  expect(
    await read({
      inner: { case: 'muon', value: { ...adamw, momentum: 0.95 } },
      schedule: { case: 'warmupStableDecay', value: { decaySteps: 5 } },
      precision: { case: 'f16', value: { initialScale: 256, growthInterval: 7 } },
      recompute: true,
      accumulation: 2,
    }),
  ).toMatchObject({
    optimizer: { ...adamw, gradientClip: 1, muon: { momentum: 0.95 } },
    schedule: { kind: 'warmup-stable-decay', totalSteps: 12, decaySteps: 5 },
    trainer: {
      storage: 'f16',
      recompute: true,
      accumulation: 2,
      lossScaling: { initialScale: 256, growthInterval: 7 },
    },
  });
});

test('a manifest that another key signed, or that was changed after signing, is refused', async () => {
  const { bytes, signature } = await signed();
  const other = await identityOf(await generate(false));
  const forged = await sign(other.privateKey, manifestSignedBytes(bytes));
  const changed = await signed({ name: 'tinier' });
  const wanted = { code: 'relay.bad-manifest', next: /./ };
  await expect(readRunTerms(bytes, forged)).rejects.toMatchObject(wanted);
  await expect(readRunTerms(changed.bytes, signature)).rejects.toMatchObject(wanted);
  await expect(readRunTerms(bytes.subarray(1), signature)).rejects.toMatchObject(wanted);
});

describe('numbers that training could not work with are refused', () => {
  const huge = { dimension: 65_536, heads: 1024, keyValueHeads: 1024, feedForward: 1_048_576, layers: 1024 };
  test.each([
    ['another layout', { model: { ...model, layout: new Uint8Array(32) } }],
    ['another length', { model: { ...model, parameters: 64 } }],
    ['a huge model', { model: { ...model, ...huge } }],
    ['no heads', { model: { ...model, heads: 0 } }],
    ['heads that do not divide', { model: { ...model, heads: 3 } }],
    ['an odd head', { model: { ...model, heads: 32 } }],
    [
      'a size of a head that follows',
      { model: { ...model, headSize: tinyConfig.dimension / tinyConfig.heads } },
    ],
    ['no layers', { model: { ...model, layers: 0 } }],
    ['another vocabulary', { model: { ...model, vocabularySize: 300 } }],
    ['no vocabulary', { ...file(5), model: { ...model, vocabularySize: 0 } }],
    ['a RoPE that turns faster', scaledRope({ factor: 0.5 })],
    ['a RoPE whose bounds are swapped', scaledRope({ lowFrequencyFactor: 4 })],
    ['a RoPE without a context', scaledRope({ originalContext: 0 })],
    ['an empty tokenizer', file(0)],
    ['an empty configuration of a tokenizer', file(5, 0)],
    ['no epsilon', { model: { ...model, normEpsilon: 0 } }],
    ['no rounds', { strategy: { ...strategy, rounds: 0 } }],
    ['no steps', { strategy: { ...strategy, localSteps: 0 } }],
    ['an empty batch', { strategy: { ...strategy, batch: 0 } }],
    ['a huge batch', { strategy: { ...strategy, batch: 65_536, sequence: 1_048_576 } }],
    ['a window past the context', { strategy: { ...strategy, sequence: 17 } }],
    ['more tokens than allowed', { strategy: { ...strategy, localSteps: 5 } }],
    ['a rate that is not positive', { strategy: { ...strategy, learningRate: 0 } }],
    ['a beta of one', inner({ beta1: 1 })],
    ['a negative beta', inner({ beta2: -0.5 })],
    ['negative decay', inner({ weightDecay: -1 })],
    ['parts that do not divide the batch', { strategy: { ...strategy, accumulation: 3 } }],
    [
      'a momentum of one',
      { strategy: { ...strategy, inner: { case: 'muon', value: { ...adamw, momentum: 1 } } } },
    ],
    [
      'a decay that is longer than the run',
      { strategy: { ...strategy, schedule: { case: 'warmupStableDecay', value: { decaySteps: 13 } } } },
    ],
    [
      'a loss scale below one',
      {
        strategy: {
          ...strategy,
          precision: { case: 'f16', value: { initialScale: 0.5, growthInterval: 1 } },
        },
      },
    ],
    ['no clip', { strategy: { ...strategy, gradientClip: 0 } }],
    ['one bit', { codec: { case: 'dense', value: { ...dense, bits: 1 } } }],
    ['an empty block', { codec: { case: 'dense', value: { ...dense, block: 0 } } }],
    ['no clip norm', { codec: { case: 'dense', value: { ...dense, clipNorm: 0 } } }],
    ['another payload', { limits: { ...limits, payloadBytes: 1 } }],
  ] as [string, Partial<typeof draft>][])('%s', async (_, changed) => {
    const { bytes, signature } = await signed(changed);
    await expect(readRunTerms(bytes, signature)).rejects.toMatchObject({ code: 'relay.bad-manifest' });
  });
});
