import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { policyObjective } from '../../../client/derive/objectives/kernels/policy.ts';
import type { Device } from '../../../client/gpu/device.ts';
import { type ModelConfig, presets } from '../../../client/model/config.ts';
import { initialParameters, layoutOf } from '../../../client/model/parameters.ts';
import { type MemoryOptions, planStep, predictMemory } from '../../../client/train/memory.ts';
import { Trainer } from '../../../client/train/trainer.ts';
import { freshState, type OptimizerSettings } from '../../../client/train/training.ts';
import { countBuffers } from '../../support/counted-device.ts';
import { openNodeDevice } from '../../support/gpu-node.ts';

const settings = { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.1, gradientClip: 1 };
const config: ModelConfig = { ...presets.nano, vocabularySize: 1024, dimension: 64, feedForward: 128 };

let device: Device;
beforeAll(async () => {
  device = await openNodeDevice();
});
afterAll(() => device.close());

describe('the prediction', () => {
  test.each<MemoryOptions & { readonly bindingBytes?: number; readonly optimizer?: OptimizerSettings }>([
    {},
    { optimizer: { ...settings, muon: { momentum: 0.95 } } },
    { recompute: true },
    { storage: 'f16' },
    { accumulation: 3, bindingBytes: 100 * 1024 },
    { objective: policyObjective, accumulation: 2 },
  ])(
    'is what the device makes, to 1%, with plain windows and with packed ones: %o',
    async ({ optimizer = settings, ...others }) => {
      const { bindingBytes = device.bindingBytes, ...options } = others;
      const { device: counted, bytes: made } = countBuffers(device);
      const limited = { ...counted, bindingBytes };
      const shape = { batch: 6, sequence: 24 };
      const trainer = await Trainer.create(limited, config, shape, optimizer, options);
      const { bytes, parts } = predictMemory(limited, config, shape, optimizer, options);
      expect(trainer.predictedBytes).toBe(bytes);
      expect(Object.values(parts).reduce((sum, part) => sum + part, 0)).toBe(bytes);
      expect(parts.parameters).toBe(4 * layoutOf(config).length);
      trainer.load(freshState(new Float32Array(layoutOf(config).length)));
      const inputs = new Uint32Array(6 * 24);
      // Three documents a window.
      const documents = Uint32Array.from(inputs, (_, row) => 8 * Math.floor((row % 24) / 8));
      const plain = { inputs, targets: inputs };
      for (const batch of [plain, { ...plain, documents }]) {
        trainer.step(batch, 1e-3);
        await trainer.logProbabilities(batch);
        await trainer.loss();
        await trainer.save();
        expect(Math.abs(made() / bytes - 1)).toBeLessThan(0.01);
      }
      trainer.close();
    },
  );

  test('shrinks when activations are recomputed', () => {
    const shape = { batch: 4, sequence: 128 };
    const model = { ...config, layers: 12 };
    const activations = (recompute: boolean) =>
      predictMemory(device, model, shape, settings, { recompute }).parts.activations;
    expect(activations(true)).toBeLessThan(activations(false) / 3);
  });

  test('of the 124M preset on an adapter of 128 MiB bindings stays within 2.4 GB with recomputation', () => {
    const limited = { ...device, bindingBytes: 2 ** 27, bufferBytes: 2 ** 28 };
    const shape = { batch: 1, sequence: presets.base.contextLength };
    const { bytes } = predictMemory(limited, presets.base, shape, settings, { recompute: true });
    expect(bytes).toBeGreaterThan(16 * layoutOf(presets.base).trained);
    expect(bytes).toBeLessThan(2.4e9);
  });
});

test('a trainer refuses to load or step while it is being saved', async () => {
  const trainer = await Trainer.create(device, config, { batch: 1, sequence: 8 }, settings);
  const state = freshState(new Float32Array(layoutOf(config).length));
  trainer.load(state);
  const saving = trainer.save();
  expect(() => trainer.load(state)).toThrow('still being read');
  const inputs = new Uint32Array(8);
  expect(() => trainer.step({ inputs, targets: inputs }, 1e-3)).toThrow('still being read');
  expect((await saving).step).toBe(0);
  trainer.step({ inputs, targets: inputs }, 1e-3);
  expect((await trainer.save()).step).toBe(1);
  trainer.close();
});

describe('a batch that the adapter cannot bind', () => {
  const limited = () => ({ ...device, bindingBytes: 2 ** 17 });

  test('is trained in the fewest parts that fit', async () => {
    const shape = { batch: 8, sequence: 64 };
    expect(planStep(limited(), config, shape, settings)).toMatchObject({
      part: { batch: 2, sequence: 64 },
      parts: 4,
    });
    expect(planStep(device, config, shape, settings).parts).toBe(1);
    const trainer = await Trainer.create(limited(), config, shape, settings);
    trainer.load(freshState(initialParameters(config, trainer.layout, 1)));
    const inputs = Uint32Array.from({ length: 8 * 64 }, (_, i) => (i * 31) % 1024);
    // A tied head predicts its input token at first, so the targets are other tokens.
    const targets = inputs.map((token) => (7 * token + 5) % 1024);
    trainer.step({ inputs, targets }, 1e-3);
    expect(await trainer.loss()).toBeCloseTo(Math.log(1024), 0);
    trainer.close();
  });

  test('is refused in too few parts', () => {
    const asked = () =>
      planStep(limited(), config, { batch: 8, sequence: 64 }, settings, { accumulation: 2 });
    expect(asked).toThrow(expect.objectContaining({ code: 'device.too-small' }));
  });

  test('is refused, with a smaller preset as advice, if one window is too long', () => {
    expect(() => predictMemory(limited(), config, { batch: 4, sequence: 512 }, settings)).toThrow(
      expect.objectContaining({ code: 'device.too-small', next: expect.stringContaining('smaller preset') }),
    );
  });
});
