import { beforeAll, describe, expect, test } from 'vitest';
import { readAgreement } from '../../../client/contribute/agreement.ts';
import { generate, identityOf } from '../../../client/contribute/identity.ts';
import { encodeManifest, runIdOf } from '../../../relay/wire/frames.ts';
import { toHex } from '../../../relay/wire/hex.ts';
import { manifestSignedBytes, sign } from '../../../relay/wire/signed.ts';
import { CodecKind } from '../../../relay/wire/tapestry_pb.js';
import { tinyConfig, tinyRun } from './harness.ts';

const draft = tinyRun({ rounds: 3, localSteps: 4, quorum: 1, target: 2 }).manifest;
const { model, strategy, codec, limits } = draft;
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

test('a manifest is read into what training needs', async () => {
  const { bytes, signature } = await signed();
  expect(await readAgreement(bytes, signature)).toMatchObject({
    run: toHex(runIdOf(bytes)),
    name: 'tiny',
    nations: ['even', 'odd'],
    config: tinyConfig,
    shape: { batch: 2, sequence: 16 },
    rounds: 3,
    localSteps: 4,
    schedule: { kind: 'cosine', peak: 1e-2, warmupSteps: 2, totalSteps: 12, finalFraction: 0.1 },
    codec: { bits: 8, block: 64, exponent: -20, maxShift: 12, clipNorm: 10 },
  });
});

test('one that another key signed, or that was changed after, is refused', async () => {
  const { bytes, signature } = await signed();
  const other = await identityOf(await generate(false));
  const forged = await sign(other.privateKey, manifestSignedBytes(bytes));
  const changed = await signed({ name: 'tinier' });
  const wanted = { code: 'relay.bad-manifest', next: /./ };
  await expect(readAgreement(bytes, forged)).rejects.toMatchObject(wanted);
  await expect(readAgreement(changed.bytes, signature)).rejects.toMatchObject(wanted);
  await expect(readAgreement(bytes.subarray(1), signature)).rejects.toMatchObject(wanted);
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
    ['no layers', { model: { ...model, layers: 0 } }],
    ['another vocabulary', { model: { ...model, vocabularySize: 300 } }],
    ['no epsilon', { model: { ...model, normEpsilon: 0 } }],
    ['no rounds', { strategy: { ...strategy, rounds: 0 } }],
    ['no steps', { strategy: { ...strategy, localSteps: 0 } }],
    ['an empty batch', { strategy: { ...strategy, batch: 0 } }],
    ['a huge batch', { strategy: { ...strategy, batch: 65_536, sequence: 1_048_576 } }],
    ['a window past the context', { strategy: { ...strategy, sequence: 17 } }],
    ['more tokens than allowed', { strategy: { ...strategy, localSteps: 5 } }],
    ['a rate that is not positive', { strategy: { ...strategy, learningRate: 0 } }],
    ['a beta of one', { strategy: { ...strategy, beta1: 1 } }],
    ['a negative beta', { strategy: { ...strategy, beta2: -0.5 } }],
    ['negative decay', { strategy: { ...strategy, weightDecay: -1 } }],
    ['no clip', { strategy: { ...strategy, gradientClip: 0 } }],
    ['one bit', { codec: { ...codec, kind: CodecKind.DENSE, bits: 1 } }],
    ['an empty block', { codec: { ...codec, kind: CodecKind.DENSE, block: 0 } }],
    ['no clip norm', { codec: { ...codec, kind: CodecKind.DENSE, clipNorm: 0 } }],
    ['another payload', { limits: { ...limits, payloadBytes: 1 } }],
  ] as [string, Partial<typeof draft>][])('%s', async (_, changed) => {
    const { bytes, signature } = await signed(changed);
    await expect(readAgreement(bytes, signature)).rejects.toMatchObject({ code: 'relay.bad-manifest' });
  });
});
