import { afterAll, beforeAll, expect, test } from 'vitest';
import { livelyParameters } from '../../../bench/lively-parameters.ts';
import { byteTokenizer } from '../../../client/data/tokenizer.ts';
import { encodeModelFolder, readModelFolder } from '../../../client/formats/model-folder.ts';
import { encodePeftAdapter, openPeftAdapter, readPeftValues } from '../../../client/formats/peft/adapter.ts';
import { decodeSafetensors } from '../../../client/formats/safetensors.ts';
import { sourceOf } from '../../../client/formats/tensors/byte-source.ts';
import { fileShapeOf, withoutPadding } from '../../../client/formats/tensors/padding.ts';
import { openSafetensors } from '../../../client/formats/tensors/safetensors-source.ts';
import type { Device } from '../../../client/gpu/device.ts';
import { initialAdapter } from '../../../client/model/adapter/initial.ts';
import { type ModelConfig, paddedExtents } from '../../../client/model/config.ts';
import { CpuDecoder } from '../../../client/model/generate/cpu-decoder.ts';
import { GpuDecoder } from '../../../client/model/generate/gpu-decoder.ts';
import { layoutOf, layTensors, type ParameterLayout } from '../../../client/model/parameters.ts';
import { referenceStep } from '../../../client/model/reference/model.ts';
import { Random } from '../../../client/random.ts';
import { Trainer } from '../../../client/train/trainer.ts';
import { freshState } from '../../../client/train/training.ts';
import { relativeError } from '../../platform/step.ts';
import { llamaLogits } from '../../support/formats/llama-convention.ts';
import { openNodeDevice } from '../../support/gpu-node.ts';
import { settings } from '../../support/train/small-run.ts';

/** A vocabulary that is no multiple of 4, and a feed-forward width that is no multiple of 8. */
const config: ModelConfig = {
  vocabularySize: 261,
  layers: 2,
  dimension: 32,
  heads: 4,
  keyValueHeads: 2,
  feedForward: 43,
  contextLength: 16,
  ropeTheta: 500,
  normEpsilon: 1e-5,
  tiedHead: false,
};
const shape = { batch: 2, sequence: 7 };
const layout = layoutOf(config);
const parameters = livelyParameters(config, 3);
/** The same model as files hold it. */
const plain = layTensors(layout.tensors.map((place) => ({ name: place.name, shape: fileShapeOf(place) })));

function cut(values: Float32Array, from: ParameterLayout, to: ParameterLayout): Float32Array {
  const result = new Float32Array(to.length);
  for (const [i, place] of from.tensors.entries())
    result.set(
      withoutPadding(place, values.subarray(place.offset, place.offset + place.size)),
      to.tensors[i]?.offset ?? 0,
    );
  return result;
}

/** Values of a layout that are no file's. */
function paddingOf(values: Float32Array, { tensors }: ParameterLayout): number[] {
  return tensors.flatMap((place) => {
    const [, own = 1] = place.shape;
    const [rows = 1, width = 1] = fileShapeOf(place);
    return [...values.subarray(place.offset, place.offset + place.size)].filter(
      (_, i) => Math.floor(i / own) >= rows || i % own >= width,
    );
  });
}

function batchOf(seed: number) {
  const random = Random.seeded(seed);
  const tokens = () =>
    Uint32Array.from({ length: shape.batch * shape.sequence }, () => random.below(config.vocabularySize));
  return { inputs: tokens(), targets: tokens() };
}

let device: Device;
beforeAll(async () => {
  device = await openNodeDevice();
});
afterAll(() => device.close());

test('extents are padded to what kernels read, and values are counted without it', () => {
  expect(paddedExtents(config)).toEqual({ vocabulary: 264, feedForward: 48 });
  expect(layout.trained).toBe(plain.tensors.reduce((sum, { size }) => sum + size, 0));
  expect(paddingOf(parameters, layout).length).toBe(2 * 3 * 32 + 2 * 3 * 5 * 32);
  expect(paddingOf(parameters, layout).every((value) => value === 0)).toBe(true);
});

test.each(['adamw', 'muon'] as const)(
  'a padded model has the losses and gradients of the model of its files, and %s leaves the padding zero',
  async (optimizer) => {
    const batch = batchOf(1);
    const expected = referenceStep(
      config,
      plain,
      Float64Array.from(cut(parameters, layout, plain)),
      batch,
      shape,
    );
    const own = optimizer === 'adamw' ? settings : { ...settings, muon: { momentum: 0.95 } };
    const trainer = await Trainer.create(device, config, shape, own);
    try {
      trainer.load(freshState(parameters));
      trainer.step(batch, 0);
      expect(await trainer.loss()).toBeCloseTo(expected.loss, 4);
      const gradient = await trainer.gradient();
      expect(relativeError(cut(gradient, layout, plain), expected.gradient)).toBeLessThan(1e-4);
      for (let step = 2; step < 5; step++) trainer.step(batchOf(step), 1e-2);
      const after = await trainer.parameters();
      expect(paddingOf(after, layout).every((value) => value === 0)).toBe(true);
      expect(after).not.toEqual(parameters);
    } finally {
      trainer.close();
    }
  },
);

test('both decoders give the logits of the files, and none of the padding', async () => {
  const files = encodeModelFolder(config, layout, parameters, byteTokenizer, { metadata: {}, card: '' });
  const tokens = [256, 65, 260, 108, 32, 104, 117];
  const expected = Float64Array.from(llamaLogits(files['config.json'], files['model.safetensors'], tokens));
  expect(expected.length).toBe(261);
  const decoders = [
    new CpuDecoder(config, layout, parameters),
    await GpuDecoder.create(device, config, layout, parameters, { sequences: 1 }),
  ];
  for (const decoder of decoders) {
    const [logits = new Float32Array()] = await decoder.append([{ sequence: 0, tokens }]);
    expect(logits.length).toBe(261);
    expect(relativeError(logits, expected)).toBeLessThan(1e-5);
    await expect(decoder.append([{ sequence: 0, tokens: [261] }])).rejects.toThrow('not a token');
    decoder.close();
  }
});

test('files hold no padding, and are read back as the same vector', async () => {
  const { 'config.json': json, 'model.safetensors': weights } = encodeModelFolder(
    config,
    layout,
    parameters,
    byteTokenizer,
    { metadata: {}, card: '' },
  );
  const { tensors } = decodeSafetensors(weights);
  expect(tensors.get('lm_head.weight')?.shape).toEqual([261, 32]);
  expect(tensors.get('model.layers.1.mlp.down_proj.weight')?.shape).toEqual([32, 43]);
  const read = await readModelFolder(json, await openSafetensors(sourceOf(weights)), layoutOf);
  expect(read.parameters).toEqual(parameters);
});

test.each([false, true])(
  'an adapter of a padded model trains, is written without padding; DoRA: %s',
  async (dora) => {
    const lora = { rank: 2, alpha: 4, targets: null, dora };
    const trainer = await Trainer.create(device, config, shape, settings, { lora });
    try {
      trainer.setFrozen(parameters);
      const initial = initialAdapter(trainer.layout, { layout, values: parameters }, 1);
      trainer.setParameters(initial);
      const before = await trainer.logProbabilities(batchOf(1));
      for (let step = 1; step < 4; step++) trainer.step(batchOf(1), 1e-2);
      const values = await trainer.parameters();
      const after = await trainer.logProbabilities(batchOf(1));
      expect(after.every(Number.isFinite)).toBe(true);
      expect(after.reduce((a, b) => a + b)).toBeGreaterThan(before.reduce((a, b) => a + b));
      expect(paddingOf(values, trainer.layout).every((value) => value === 0)).toBe(true);
      const settingsOf = { ...lora, rsLora: false, rankPattern: {}, alphaPattern: {} };
      const files = encodePeftAdapter(settingsOf, trainer.layout, values, { baseModel: 'x', metadata: {} });
      const stored = await openSafetensors(sourceOf(files['adapter_model.safetensors']));
      const shapes = new Map(stored.tensors.map(({ name, shape }) => [name, shape]));
      const layer = 'base_model.model.model.layers.0.mlp.';
      expect(shapes.get(`${layer}down_proj.lora_A.weight`)).toEqual([2, 43]);
      expect(shapes.get(`${layer}up_proj.lora_B.weight`)).toEqual([43, 2]);
      const opened = openPeftAdapter(files['adapter_config.json'], stored);
      expect(await readPeftValues(opened, trainer.layout)).toEqual(values);
    } finally {
      trainer.close();
    }
  },
);
