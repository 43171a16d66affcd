import { afterAll, beforeAll, expect, test } from 'vitest';
import { livelyParameters } from '../../../../bench/lively-parameters.ts';
import type { Device } from '../../../../client/gpu/device.ts';
import { modelAdapter } from '../../../../client/model/adapter/model-adapter.ts';
import type { ModelConfig } from '../../../../client/model/config.ts';
import type { CachedDecoder } from '../../../../client/model/generate/cached-decoder.ts';
import { predictGeneration } from '../../../../client/model/generate/generation-program.ts';
import { GpuDecoder } from '../../../../client/model/generate/gpu-decoder.ts';
import { layoutOf } from '../../../../client/model/parameters.ts';
import { planStep } from '../../../../client/train/memory.ts';
import { Trainer, type TrainerOptions } from '../../../../client/train/trainer.ts';
import { freshState } from '../../../../client/train/training.ts';
import { countBuffers } from '../../../support/counted-device.ts';
import { openNodeDevice } from '../../../support/gpu-node.ts';
import { livelyValues } from '../../../support/train/lively-adapter.ts';

let device: Device;
beforeAll(async () => {
  device = await openNodeDevice();
});
afterAll(() => device.close());

const config: ModelConfig = {
  ...{ vocabularySize: 12, layers: 2, dimension: 32, heads: 4, keyValueHeads: 2, feedForward: 24 },
  ...{ contextLength: 16, ropeTheta: 100, normEpsilon: 1e-5, tiedHead: true },
};
const layout = layoutOf(config);
const base = { layout, values: livelyParameters(config, 2) };
const shape = { batch: 2, sequence: 16 };
const settings = { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0, gradientClip: 1 };
const lora = { rank: 3, alpha: 6, targets: ['q_proj', 'v_proj', 'down_proj'] };
const sequences = 2;
const batch = {
  inputs: Uint32Array.from({ length: 32 }, (_, i) => i % 12),
  targets: Uint32Array.from({ length: 32 }, (_, i) => (5 * i + 1) % 12),
};

/** The logits' bits after two passes over cleared sequences. */
async function bitsOf(decoder: CachedDecoder): Promise<Uint32Array[]> {
  for (let sequence = 0; sequence < sequences; sequence++) decoder.clear(sequence);
  const first = await decoder.append([
    { sequence: 0, tokens: [3, 1, 4, 1, 5] },
    { sequence: 1, tokens: [2, 7] },
  ]);
  const second = await decoder.append([{ sequence: 1, tokens: [1] }]);
  return [...first, ...second].map((logits) => new Uint32Array(Float32Array.from(logits).buffer));
}

test('a decoder that reads the weights of a trainer gives the same bits as one with a copy, after every step', async () => {
  const trainer = await Trainer.create(device, config, shape, settings);
  trainer.load(freshState(base.values));
  const sharing = await GpuDecoder.sharing(device, config, trainer.model, { sequences });
  const seen: Uint32Array[][] = [];
  for (let step = 0; step < 2; step++) {
    const copy = await GpuDecoder.create(device, config, layout, await trainer.parameters(), { sequences });
    trainer.updateModel();
    const bits = await bitsOf(sharing);
    expect(bits).toEqual(await bitsOf(copy));
    seen.push(bits);
    copy.close();
    trainer.step(batch, 1e-2);
  }
  expect(seen[0]).not.toEqual(seen[1]);
  // The trainer's step is not changed by what the decoder ran between.
  const alone = await Trainer.create(device, config, shape, settings);
  alone.load(freshState(base.values));
  alone.step(batch, 1e-2);
  alone.step(batch, 1e-2);
  expect(await trainer.parameters()).toEqual(await alone.parameters());
  for (const one of [sharing, trainer, alone]) one.close();
});

test('it reads an adapter that is trained, without its dropout, as one that was loaded', async () => {
  const options = { lora: { ...lora, dropout: 0.5, dropoutSeed: 3 } };
  const trainer = await Trainer.create(device, config, shape, settings, options);
  trainer.setFrozen(base.values);
  trainer.load(freshState(livelyValues(base, lora, 4)));
  const sharing = await GpuDecoder.sharing(device, config, trainer.model, { sequences });
  // The step draws what is dropped, and changes the adapter after it was packed.
  trainer.step(batch, 1e-2);
  trainer.updateModel();
  const adapters = new Map([['own', modelAdapter(layout, lora, await trainer.parameters())]]);
  const loaded = await GpuDecoder.create(device, config, layout, base.values, { sequences, adapters });
  loaded.useAdapter('own');
  expect(await bitsOf(sharing)).toEqual(await bitsOf(loaded));
  for (const one of [sharing, loaded, trainer]) one.close();
});

test.each<TrainerOptions>([{}, { lora }, { lora, quantizesFrozen: true }])(
  'the weights it shares take no memory, as predicted: %o',
  async (options) => {
    const trainer = await Trainer.create(device, config, shape, settings, options);
    const counted = countBuffers(device);
    const decoder = await GpuDecoder.sharing(counted.device, config, trainer.model, { sequences });
    await bitsOf(decoder);
    const generation = { sequences, storage: 'f32' } as const;
    const { model } = planStep(device, config, shape, settings, options);
    const predicted = predictGeneration(device, config, generation, model);
    expect(counted.bytes()).toBe(predicted);
    expect(counted.labelled('frozen')).toEqual([]);
    if (options.lora === undefined)
      expect(predictGeneration(device, config, generation) - predicted).toBeGreaterThan(4 * layout.length);
    for (const one of [decoder, trainer]) one.close();
  },
);
