import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Device } from '../../../client/gpu/device.ts';
import type { ModelConfig } from '../../../client/model/config.ts';
import { initialParameters, layoutOf, partLayout } from '../../../client/model/parameters.ts';
import { referenceStep } from '../../../client/model/reference/model.ts';
import { upperLayers } from '../../../client/model/upper-layers.ts';
import { Random } from '../../../client/random.ts';
import { type MemoryPrediction, predictMemory } from '../../../client/train/memory.ts';
import { Trainer, type TrainerOptions } from '../../../client/train/trainer.ts';
import { freshState } from '../../../client/train/training.ts';
import { relativeError } from '../../platform/step.ts';
import { openNodeDevice } from '../../support/gpu-node.ts';
import { randomBatch, settings, shape, config as small } from '../../support/train/small-run.ts';

let device: Device;
beforeAll(async () => {
  device = await openNodeDevice();
});
afterAll(() => device.close());

const deep: ModelConfig = { ...small, layers: 4 };
const models: readonly (readonly [string, ModelConfig])[] = [
  ['head tied', deep],
  ['head apart', { ...deep, tiedHead: false }],
  ['padded tables and units', { ...deep, tiedHead: false, vocabularySize: 35, feedForward: 46 }],
];

describe.each(models)('the upper layers of a model: %s', (_, config) => {
  const layout = layoutOf(config);

  test('are the end of the flat vector, with the places of the whole layout', () => {
    for (let layers = 1; layers <= config.layers; layers++) {
      const { from, isTrained } = upperLayers(config, layers);
      const { trained, frozen } = partLayout(layout, isTrained);
      expect(frozen.length).toBe(from);
      expect(frozen.tensors).toEqual(layout.tensors.slice(0, frozen.tensors.length));
      expect(trained.length).toBe(layout.length - from);
      expect(trained.tensors.map((place) => ({ ...place, offset: place.offset + from }))).toEqual(
        layout.tensors.slice(frozen.tensors.length),
      );
      expect(frozen.tensors.at(-1)?.name).toMatch(
        layers === config.layers
          ? 'model.embed_tokens.weight'
          : `.${config.layers - layers - 1}.mlp.down_proj`,
      );
    }
  });

  test.each([
    [1, {}],
    [2, { recompute: true }],
    [3, { accumulation: 2 }],
  ] as const)('get the gradient of the float64 reference: %i layers, %o', async (layers, options) => {
    const parameters = initialParameters(config, layout, 3).map((value) => value * 4);
    const batch = randomBatch(Random.seeded(11));
    const { from, isTrained } = upperLayers(config, layers);
    const trainer = await Trainer.create(device, config, shape, settings, { ...options, trained: isTrained });
    trainer.setFrozen(parameters.subarray(0, from));
    trainer.load(freshState(parameters.subarray(from)));
    trainer.step(batch, 1e-3);
    const [loss, gradient] = [await trainer.loss(), await trainer.gradient()];
    trainer.close();
    const expected = referenceStep(config, layout, Float64Array.from(parameters), batch, shape);
    expect(Math.abs(loss - expected.loss)).toBeLessThan(1e-5 * expected.loss);
    for (const { name, offset, size } of layout.tensors.filter(isTrained)) {
      const own = gradient.subarray(offset - from, offset - from + size);
      expect(relativeError(own, expected.gradient.subarray(offset, offset + size)), name).toBeLessThan(1e-4);
    }
  });
});

test('a model has no more upper layers than layers, and no part without one', () => {
  for (const layers of [0, -1, 5]) expect(() => upperLayers(deep, layers)).toThrow(RangeError);
});

describe('a layer below the trained ones', () => {
  const predicted = (layers: number, options: TrainerOptions): MemoryPrediction['parts'] => {
    const config = { ...deep, layers };
    const trained = upperLayers(config, 1).isTrained;
    return predictMemory(device, config, { batch: 8, sequence: 16 }, settings, { ...options, trained }).parts;
  };

  test('costs a step the dispatches of its forward pass alone', async () => {
    const dispatches = async (layers: number) => {
      const config = { ...deep, layers };
      const trained = upperLayers(config, 1).isTrained;
      const trainer = await Trainer.create(device, config, shape, settings, { trained });
      const { dispatchesPerStep } = trainer;
      trainer.close();
      return dispatchesPerStep;
    };
    const [two, three, four] = [await dispatches(2), await dispatches(3), await dispatches(4)];
    // Two norms, four products and attention.
    expect([three - two, four - three]).toEqual([7, 7]);
  });

  test.each([{}, { recompute: true }])('keeps no activation, gradient or moment: %o', (options) => {
    const [two, five] = [predicted(2, options), predicted(5, options)];
    expect(five.activations).toBe(two.activations);
    expect(five.gradient).toBe(two.gradient);
    expect(five.moments).toBe(two.moments);
    expect(five.frozen).toBeGreaterThan(two.frozen);
  });
});
