import { afterAll, beforeAll, expect, test } from 'vitest';
import { decodeNumbers, encodeNumbers } from '../../../client/formats/tensors/number-type.ts';
import type { Device } from '../../../client/gpu/device.ts';
import { initialAdapter } from '../../../client/model/adapter/initial.ts';
import { mergeAdapter } from '../../../client/model/adapter/merge.ts';
import { modelAdapter } from '../../../client/model/adapter/model-adapter.ts';
import { type AdapterSettings, adaptedMatrices } from '../../../client/model/adapter/settings.ts';
import { initialParameters, layoutOf } from '../../../client/model/parameters.ts';
import { referenceAdapterStep } from '../../../client/model/reference/low-rank.ts';
import { Random } from '../../../client/random.ts';
import { predictMemory } from '../../../client/train/memory.ts';
import { Trainer, type TrainerOptions } from '../../../client/train/trainer.ts';
import { freshState, type OptimizerSettings } from '../../../client/train/training.ts';
import { relativeError } from '../../platform/step.ts';
import { countBuffers } from '../../support/counted-device.ts';
import { openNodeDevice } from '../../support/gpu-node.ts';
import { livelyValues } from '../../support/train/lively-adapter.ts';
import { config, randomBatch, settings, shape } from '../../support/train/small-run.ts';

let device: Device;
beforeAll(async () => {
  device = await openNodeDevice();
});
afterAll(() => device.close());

const layout = layoutOf(config);
const parameters = initialParameters(config, layout, 3).map((value) => value * 4);
const whole = { layout, values: parameters };
const all: AdapterSettings = { rank: 8, alpha: 16, targets: null };
const unclipped: OptimizerSettings = { ...settings, gradientClip: 1e9 };

async function adapterTrainer(adapter: AdapterSettings, options: TrainerOptions = {}): Promise<Trainer> {
  const trainer = await Trainer.create(device, config, shape, unclipped, { ...options, lora: adapter });
  trainer.setFrozen(parameters);
  return trainer;
}

/** Ranks that are padded, and matrices with and without an adapter that kernels read as one. */
const patterned: AdapterSettings = {
  rank: 8,
  alpha: 16,
  targets: ['q_proj', 'v_proj', 'o_proj', 'up_proj', 'down_proj'],
  rankPattern: { 'layers.1.self_attn.v_proj': 2, up_proj: 1 },
  alphaPattern: { o_proj: 5 },
};
const kinds: readonly [string, AdapterSettings][] = [
  ['LoRA', patterned],
  ['DoRA', { ...patterned, dora: true }],
];

test('an adapter whose B is zero gives the base the same bits', async () => {
  const batch = randomBatch(Random.seeded(1));
  const base = await Trainer.create(device, config, shape, settings);
  base.setParameters(parameters);
  const adapted = await adapterTrainer(all);
  adapted.setParameters(initialAdapter(adapted.layout, whole, 1));
  const [expected, actual] = [await base.logProbabilities(batch), await adapted.logProbabilities(batch)];
  expect(new Uint32Array(actual.buffer)).toEqual(new Uint32Array(expected.buffer));
  adapted.setParameters(livelyValues(whole, all, 1));
  expect(await adapted.logProbabilities(batch)).not.toEqual(expected);
  base.close();
  adapted.close();
});

test.each(kinds)('%s merged into the weights gives the same losses', async (_, adapter) => {
  const batch = randomBatch(Random.seeded(2));
  const adapted = await adapterTrainer(adapter);
  const values = livelyValues(whole, adapter, 2);
  adapted.setParameters(values);
  const base = await Trainer.create(device, config, shape, settings);
  const own = modelAdapter(layout, adapter, values);
  base.setParameters(mergeAdapter(whole, own));
  const [merged, unmerged] = [await base.logProbabilities(batch), await adapted.logProbabilities(batch)];
  expect(relativeError(unmerged, Float64Array.from(merged))).toBeLessThan(1e-5);
  base.setParameters(parameters);
  const without = Float64Array.from(await base.logProbabilities(batch));
  expect(relativeError(unmerged, without)).toBeGreaterThan(1e-2);
  base.close();
  adapted.close();
});

test.each(kinds)(
  '%s has the gradients of the float64 reference, and leaves the base as it is',
  async (_, adapter) => {
    const batch = randomBatch(Random.seeded(3));
    const trainer = await adapterTrainer(adapter);
    const values = livelyValues(whole, adapter, 3);
    trainer.load(freshState(values));
    const own = {
      matrices: adaptedMatrices(layout, adapter),
      layout: trainer.layout,
      values: Float64Array.from(values),
    };
    const expected = referenceAdapterStep(config, layout, Float64Array.from(parameters), own, batch, shape);
    trainer.step(batch, 1e-2);
    const gradient = await trainer.gradient();
    for (const { name, offset, size } of trainer.layout.tensors) {
      const own = gradient.subarray(offset, offset + size);
      expect(relativeError(own, expected.gradient.subarray(offset, offset + size)), name).toBeLessThan(1e-4);
    }
    // The rate is high, so that a change of the base would be seen.
    trainer.step(batch, 1);
    trainer.setParameters(values);
    expect(
      relativeError(
        (await trainer.logProbabilities(batch)).map((value) => -value),
        expected.rowLosses,
      ),
    ).toBeLessThan(1e-5);
    trainer.close();
  },
);

test.each<[AdapterSettings, TrainerOptions]>([
  [patterned, {}],
  [
    { ...patterned, dora: true },
    { storage: 'f16', recompute: true, accumulation: 2 },
  ],
])(
  'resumed from its state, which has no weight of the base, it trains with the same bits: %o, %o',
  async (adapter, options) => {
    const random = Random.seeded(4);
    const batches = Array.from({ length: 4 }, () => randomBatch(random));
    const through = await adapterTrainer(adapter, options);
    through.load(freshState(livelyValues(whole, adapter, 4)));
    for (const batch of batches.slice(0, 2)) through.step(batch, 1e-2);
    const half = await through.save();
    for (const batch of batches.slice(2)) through.step(batch, 1e-2);
    const after = await through.save();
    through.close();
    expect(half.parameters.length).toBe(through.layout.length);
    expect(through.layout.tensors.every(({ name }) => name.includes('lora_'))).toBe(true);
    const resumed = await adapterTrainer(adapter, options);
    resumed.load(half);
    for (const batch of batches.slice(2)) resumed.step(batch, 1e-2);
    expect(await resumed.save()).toEqual(after);
    expect(after.parameters).not.toEqual(half.parameters);
    resumed.close();
  },
);

test.each<TrainerOptions>([{}, { storage: 'f16' }])(
  'the memory is predicted, and the base costs its bytes once: %o',
  async (options) => {
    const counted = countBuffers(device);
    const lora = { rank: 8, alpha: 16, targets: null };
    const predicted = predictMemory(device, config, shape, settings, { ...options, lora });
    const trainer = await Trainer.create(counted.device, config, shape, settings, { ...options, lora });
    trainer.load(freshState(new Float32Array(trainer.layout.length)));
    trainer.step(randomBatch(Random.seeded(5)), 1e-2);
    await Promise.all([trainer.save(), trainer.loss()]);
    expect(Math.abs(counted.bytes() / predicted.bytes - 1)).toBeLessThan(0.01);
    const bytes = options.storage === 'f16' ? 2 : 4;
    const { frozen, parameters: trained, moments } = predicted.parts;
    // Besides, the gains of norms are kept in float32.
    expect(frozen / (bytes * layout.length)).toBeLessThan(1.05);
    expect(trained).toBe(4 * trainer.layout.length);
    expect(moments).toBe(2 * trained);
    trainer.close();
  },
);

test('settings that fit no matrix are refused', () => {
  const refused = { code: 'adapter.settings' };
  const usual = { rank: 8, alpha: 16, targets: null };
  for (const wrong of [
    { ...usual, rank: 0 },
    { ...usual, rank: 1.5 },
    { ...usual, rank: 5000 },
    { ...usual, alpha: Number.NaN },
    { ...usual, dropout: 1 },
    { ...usual, targets: [] },
    { ...usual, targets: ['lm_head'] },
    { ...usual, targets: ['proj'] },
    { ...usual, rankPattern: { 'layers.7.self_attn.q_proj': 4 } },
  ])
    expect(() => adaptedMatrices(layout, wrong), JSON.stringify(wrong)).toThrow(
      expect.objectContaining(refused),
    );
});

test('ranks and scales follow the patterns, the first that fits', () => {
  const of = (name: string, adapter: AdapterSettings) =>
    adaptedMatrices(layout, adapter).find((matrix) => matrix.name === `model.layers.${name}.weight`);
  expect(of('1.self_attn.v_proj', patterned)).toMatchObject({ rank: 2, scale: 8 });
  expect(of('0.self_attn.v_proj', patterned)).toMatchObject({ rank: 8, scale: 2 });
  expect(of('0.self_attn.o_proj', patterned)).toMatchObject({ rank: 8, scale: 5 / 8 });
  expect(of('0.self_attn.k_proj', patterned)).toBeUndefined();
  expect(of('0.self_attn.o_proj', { ...patterned, rsLora: true })?.scale).toBeCloseTo(5 / Math.sqrt(8), 15);
});

/** The base's matrices after they were rounded to 8 bits, by the type of files. */
function rounded(): Float32Array<ArrayBuffer> {
  const values = parameters.slice();
  for (const { name, offset, size } of layout.tensors)
    if (name.endsWith('_proj.weight')) {
      const own = values.subarray(offset, offset + size);
      decodeNumbers('Q8_0', encodeNumbers('Q8_0', own.slice()), own);
    }
  return values;
}

test.each(kinds)(
  '%s on a base of 8 bits trains as on the rounded base in 32 bits, in a third of its memory',
  async (_, adapter) => {
    const batch = randomBatch(Random.seeded(6));
    const results: Float32Array[][] = [];
    const values = livelyValues(whole, adapter, 6);
    for (const quantizesFrozen of [true, false]) {
      const trainer = await adapterTrainer(adapter, { quantizesFrozen });
      if (!quantizesFrozen) trainer.setFrozen(rounded());
      trainer.load(freshState(values));
      const before = await trainer.logProbabilities(batch);
      trainer.step(batch, 1e-2);
      results.push([before, await trainer.gradient(), await trainer.parameters()]);
      trainer.close();
    }
    const [quantized = [], exact = []] = results;
    expect(quantized).toEqual(exact);
    const bytes = (quantizesFrozen: boolean) =>
      predictMemory(device, { ...config, dimension: 128, feedForward: 256 }, shape, settings, {
        lora: adapter,
        quantizesFrozen,
      }).parts.frozen;
    expect(bytes(true) / bytes(false)).toBeLessThan(1 / 3);
  },
);

test('a base of the shape of SmolLM2-135M with adapters of rank 8 trains in 2 GB', () => {
  const model = {
    ...config,
    vocabularySize: 49_152,
    layers: 30,
    dimension: 576,
    heads: 9,
    keyValueHeads: 3,
    feedForward: 1536,
    contextLength: 2048,
  };
  const rows = { batch: 1, sequence: 512 };
  const options = { lora: all, quantizesFrozen: true, recompute: true };
  const { bytes, parts } = predictMemory(device, model, rows, settings, options);
  expect(layoutOf(model).trained).toBeGreaterThan(134e6);
  expect(bytes).toBeLessThan(2e9);
  // The embedding in 32 bits, the rest in 8.
  expect(parts.frozen).toBeLessThan(4 * 49_152 * 576 + 1.07 * 107e6);
});

test.each(kinds)(
  '%s with dropout has the gradient of the loss that it drops from, which evaluation does not',
  async (_, adapter) => {
    const dropping = { ...adapter, dropout: 0.3, dropoutSeed: 5 };
    const batch = randomBatch(Random.seeded(7));
    const values = livelyValues(whole, adapter, 7);
    const [bare, kept, recomputed] = [
      await adapterTrainer(adapter),
      await adapterTrainer(dropping),
      await adapterTrainer(dropping, { recompute: true }),
    ];
    /** The loss and gradient of a step after `step` others; it changes nothing. */
    const at = async (trainer: Trainer, parameters: Float32Array<ArrayBuffer>, step = 3) => {
      trainer.load({ ...freshState(parameters), step });
      trainer.step(batch, 0);
      return { loss: await trainer.loss(), gradient: await trainer.gradient() };
    };
    const { loss, gradient } = await at(kept, values);
    expect(await at(recomputed, values)).toEqual({ loss, gradient });
    expect((await at(kept, values, 4)).loss).not.toBe(loss);
    expect((await at(bare, values)).loss).not.toBe(loss);
    // Along its gradient the loss rises by the gradient's length; with magnitudes not by all of it, as their lengths are constants.
    const length = Math.sqrt(gradient.reduce((sum, value) => sum + value * value, 0));
    const moved = (distance: number) =>
      values.map((value, i) => value + (distance * (gradient[i] ?? 0)) / length);
    const distance = 3e-4;
    const rise = (await at(kept, moved(distance))).loss - (await at(kept, moved(-distance))).loss;
    expect(Math.abs(rise / (2 * distance) / length - 1)).toBeLessThan(adapter.dora ? 0.2 : 0.01);
    const evaluated = [bare, kept].map(async (trainer) => {
      trainer.setParameters(values);
      return trainer.logProbabilities(batch);
    });
    const [without, withDropout] = await Promise.all(evaluated);
    expect(withDropout).toEqual(without);
    for (const trainer of [bare, kept, recomputed]) trainer.close();
  },
);
