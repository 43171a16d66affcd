import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Device } from '../../../client/gpu/device.ts';
import { whole } from '../../../client/gpu/program.ts';
import { Readback } from '../../../client/gpu/readback.ts';
import {
  copyTensors,
  type IsTrained,
  initialParameters,
  layoutOf,
  partLayout,
} from '../../../client/model/parameters.ts';
import { Random } from '../../../client/random.ts';
import { type MemoryOptions, predictMemory } from '../../../client/train/memory.ts';
import { Trainer, type TrainerOptions } from '../../../client/train/trainer.ts';
import { freshState, type OptimizerSettings } from '../../../client/train/training.ts';
import { relativeError } from '../../platform/step.ts';
import { countBuffers } from '../../support/counted-device.ts';
import { openNodeDevice } from '../../support/gpu-node.ts';
import { randomBatch, settings, shape, config as small } from '../../support/train/small-run.ts';

let device: Device;
beforeAll(async () => {
  device = await openNodeDevice();
});
afterAll(() => device.close());

const config = { ...small, tiedHead: false };
const layout = layoutOf(config);
const parameters = initialParameters(config, layout, 3).map((value) => value * 4);
const batch = randomBatch(Random.seeded(11));
// The clip is too high to act, because the norm of a part is not that of the whole.
const adamw: OptimizerSettings = { ...settings, gradientClip: 1e9 };
const muon: OptimizerSettings = { ...adamw, muon: { momentum: 0.95 } };

/** Patterns of the trained tensors, from those that need the whole backward pass to those that need only its first product. */
const parts: Readonly<Record<string, RegExp>> = {
  'all but attention': /^(?!.*self_attn)/,
  'attention alone': /self_attn/,
  'the first layer': /layers\.0\./,
  'the last layer': /layers\.1\./,
  'a product in the middle': /layers\.1\.mlp\.(gate|up)/,
  gains: /norm/,
  embedding: /embed_tokens/,
  'final norm': /^model\.norm/,
  head: /lm_head/,
};

const trains =
  (pattern: RegExp): IsTrained =>
  ({ name }) =>
    pattern.test(name);

/** One step: the gradient and the new parameters, both of the trained part. */
async function step(tiedHead: boolean, optimizer: OptimizerSettings, options: TrainerOptions) {
  const model = { ...config, tiedHead };
  const layout = layoutOf(model);
  const trainer = await Trainer.create(device, model, shape, optimizer, options);
  trainer.setFrozen(copyTensors(parameters, layout, trainer.frozenLayout));
  trainer.load(freshState(copyTensors(parameters, layout, trainer.layout)));
  const losses = await trainer.logProbabilities(batch);
  trainer.step(batch, 1e-2);
  const [gradient, after] = [await trainer.gradient(), await trainer.save()];
  trainer.close();
  return { losses, gradient, after, layout: trainer.layout, dispatches: trainer.dispatchesPerStep };
}

/** The bits that buffers hold. */
async function contents(buffers: readonly GPUBuffer[]): Promise<Uint32Array[]> {
  const readback = new Readback(device);
  const read = await Promise.all(buffers.map((buffer) => readback.read(whole(buffer))));
  readback.close();
  return read.map(({ buffer }) => new Uint32Array(buffer));
}

const lossScaling = { initialScale: 1024, growthInterval: 0 };

test.each([
  ['AdamW, f32', false, adamw, { storage: 'f32' }],
  ['AdamW, f32, tied head', true, adamw, { storage: 'f32' }],
  ['AdamW, f16', false, adamw, { storage: 'f16', lossScaling }],
  ['Muon, f32, recomputed', false, muon, { storage: 'f32', recompute: true }],
  ['Muon, f16, in parts', false, muon, { storage: 'f16', lossScaling, accumulation: 2 }],
] as const)(
  'the trained part gets the gradient and update of a step of the whole model: %s',
  async (_, tied, optimizer, options) => {
    const full = await step(tied, optimizer, options);
    const { layout } = full;
    for (const [name, pattern] of Object.entries(parts)) {
      if (tied && name === 'head') continue;
      const own = await step(tied, optimizer, { ...options, trained: trains(pattern) });
      expect(own.losses, name).toEqual(full.losses);
      expect(own.gradient, name).toEqual(copyTensors(full.gradient, layout, own.layout));
      expect(own.gradient.some((value) => value !== 0)).toBe(true);
      const updated = copyTensors(full.after.parameters, layout, own.layout);
      expect(relativeError(own.after.parameters, Float64Array.from(updated)), name).toBeLessThan(1e-6);
      expect(own.after.parameters).not.toEqual(copyTensors(parameters, layout, own.layout));
      expect(own.dispatches, name).toBeLessThan(full.dispatches);
    }
  },
);

test('steps do not change the frozen part, and evaluation uses its new values', async () => {
  for (const storage of ['f32', 'f16'] as const) {
    const counted = countBuffers(device);
    const options = { storage, trained: trains(/self_attn/) };
    const trainer = await Trainer.create(counted.device, config, shape, adamw, options);
    const frozen = copyTensors(parameters, layout, trainer.frozenLayout);
    trainer.setFrozen(frozen);
    trainer.load(freshState(copyTensors(parameters, layout, trainer.layout)));
    const before = await contents(counted.labelled('frozen'));
    const losses = await trainer.logProbabilities(batch);
    for (let i = 0; i < 3; i++) trainer.step(batch, 1e-2);
    await trainer.loss();
    expect(before.some((values) => values.some((value) => value !== 0))).toBe(true);
    expect(await contents(counted.labelled('frozen'))).toEqual(before);
    trainer.load(freshState(copyTensors(parameters, layout, trainer.layout)));
    expect(await trainer.logProbabilities(batch)).toEqual(losses);
    trainer.setFrozen(frozen.map((value) => value / 2));
    expect(await trainer.logProbabilities(batch)).not.toEqual(losses);
    trainer.close();
  }
});

test.each<MemoryOptions>([{}, { storage: 'f16' }, { accumulation: 2 }, { recompute: true }])(
  'the memory of a step with a frozen part is predicted: %o',
  async (options) => {
    for (const [name, pattern] of Object.entries(parts)) {
      const counted = countBuffers(device);
      const trained = trains(pattern);
      const trainer = await Trainer.create(counted.device, config, shape, muon, { ...options, trained });
      const predicted = predictMemory(device, config, shape, muon, { ...options, trained });
      // No read has started, so no staging buffer is counted.
      expect(counted.bytes(), name).toBe(predicted.bytes - predicted.parts.staging);
      expect(predicted.parts.gradient).toBe(4 * partLayout(layout, trained).trained.length);
      expect(predicted.parts.moments).toBe(2 * predicted.parts.gradient);
      expect(predicted.bytes).toBeLessThan(predictMemory(device, config, shape, muon, options).bytes);
      trainer.close();
    }
  },
);

test('training no tensor, or only a part of a matrix, is refused', async () => {
  for (const pattern of [/nothing/, /self_attn\.q_proj/, /up_proj/]) {
    const refused = Trainer.create(device, config, shape, adamw, { trained: trains(pattern) });
    await expect(refused).rejects.toMatchObject({ code: 'config.trained' });
  }
});

test('states and frozen parts of another length are refused', async () => {
  const trainer = await Trainer.create(device, config, shape, adamw, { trained: trains(/self_attn/) });
  const refused = expect.objectContaining({ code: 'state.length' });
  expect(() => trainer.load(freshState(parameters))).toThrow(refused);
  expect(() => trainer.setFrozen(parameters)).toThrow(refused);
  trainer.close();
});
