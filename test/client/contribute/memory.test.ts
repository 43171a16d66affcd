import { afterAll, beforeAll, expect, test } from 'vitest';
import { predictedBytes } from '../../../client/contribute/memory.ts';
import type { Device } from '../../../client/gpu/device.ts';
import { predictMemory } from '../../../client/train/memory.ts';
import { sparseCodec } from '../../../relay/wire/codec/sparse.ts';
import { tinyTerms } from '../../support/contribute/harness.ts';
import { upperTerms } from '../../support/contribute/upper-terms.ts';
import { openNodeDevice } from '../../support/gpu-node.ts';

let device: Device;
beforeAll(async () => {
  device = await openNodeDevice();
});
afterAll(() => device.close());

test('on a graphics card a node of a sparse run needs memory for its residual too, and no other node does', () => {
  const { config, shape, optimizer, trainer, layout } = tinyTerms;
  const settings = { chunk: 256, top: 4, exponent: -22, maxShift: 14, clipNorm: 10, feedbackDecay: 0.95 };
  const sparse = { ...tinyTerms, codec: sparseCodec(settings) };
  const card = { ...device, software: false };
  const training = predictMemory(card, config, shape, optimizer, trainer).bytes;
  expect((predictedBytes(card, sparse, 'whole') ?? 0) - training).toBeGreaterThan(4 * layout.length);
  expect(predictedBytes(card, tinyTerms, 'whole')).toBe(training);
  expect(predictedBytes({ ...device, software: true }, sparse, 'whole')).toBe(
    predictedBytes(device, tinyTerms, 'whole'),
  );
});

test('the upper layers need less, and an adapter that is too small for the whole model is told from one that is for both', () => {
  const [whole, upper] = [
    predictedBytes(device, upperTerms, 'whole'),
    predictedBytes(device, upperTerms, 'upper'),
  ];
  expect(upper).toBeGreaterThan(0);
  expect(upper).toBeLessThan(whole ?? 0);
  const small = { ...device, bufferBytes: 1024, bindingBytes: 1024 };
  expect(predictedBytes(small, upperTerms, 'whole')).toBeNull();
  expect(() => predictedBytes(small, tinyTerms, 'whole')).toThrow(
    expect.objectContaining({ code: 'device.too-small' }),
  );
});
