import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Batch, ignoredTarget } from '../../../client/data/batch.ts';
import type { Device } from '../../../client/gpu/device.ts';
import type { ModelConfig } from '../../../client/model/config.ts';
import { initialParameters, layoutOf } from '../../../client/model/parameters.ts';
import { referenceStep } from '../../../client/model/reference/model.ts';
import { Random } from '../../../client/random.ts';
import { evaluate } from '../../../client/train/evaluate.ts';
import { Trainer, type TrainerOptions } from '../../../client/train/trainer.ts';
import { freshState, type TrainerState } from '../../../client/train/training.ts';
import { relativeError } from '../../platform/step.ts';
import { openNodeDevice } from '../../support/gpu-node.ts';

const config: ModelConfig = {
  vocabularySize: 1012,
  layers: 3,
  dimension: 48,
  heads: 6,
  keyValueHeads: 3,
  feedForward: 56,
  contextLength: 16,
  ropeTheta: 10_000,
  normEpsilon: 1e-5,
  tiedHead: true,
};
const shape = { batch: 3, sequence: 13 };
const settings = { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.1, gradientClip: 1 };

const batch: Batch = (() => {
  const random = Random.seeded(7);
  const tokens = () =>
    Uint32Array.from({ length: shape.batch * shape.sequence }, () => random.below(config.vocabularySize));
  const targets = tokens().map((target) => (random.below(5) === 0 ? ignoredTarget : target));
  return { inputs: tokens(), targets };
})();

let device: Device;
beforeAll(async () => {
  device = await openNodeDevice();
});
afterAll(() => device.close());

interface Trained {
  readonly loss: number;
  readonly held: number;
  readonly gradient: Float32Array;
  readonly after: TrainerState;
  readonly dispatches: number;
}

const parametersOf = (model: ModelConfig) =>
  initialParameters(model, layoutOf(model), 5).map((value) => value * 4);

/** One step of `model`, on a device that has these limits. */
async function train(
  model: ModelConfig,
  limits: Partial<Pick<Device, 'bindingBytes' | 'bufferBytes'>> = {},
  options: TrainerOptions = {},
): Promise<Trained> {
  const trainer = await Trainer.create({ ...device, ...limits }, model, shape, settings, options);
  trainer.load(freshState(parametersOf(model)));
  const held = await evaluate(trainer, [batch]);
  trainer.step(batch, 1e-3);
  const [loss, gradient, after] = [await trainer.loss(), await trainer.gradient(), await trainer.save()];
  trainer.close();
  return { loss, held, gradient, after, dispatches: trainer.dispatchesPerStep };
}

describe.each([true, false])('with a tied head: %s', (tiedHead) => {
  const model = { ...config, tiedHead };
  const layout = layoutOf(model);
  /** 128 tokens of the table: 8 parts, the last smaller. The largest matrix of a layer has 21,504 bytes. */
  const narrow = { bindingBytes: 24 * 1024 };

  test('recomputing activations gives the same bits', async () => {
    const kept = await train(model);
    const recomputed = await train(model, {}, { recompute: true });
    expect(recomputed.dispatches).toBeGreaterThan(kept.dispatches);
    expect({ ...recomputed, dispatches: kept.dispatches }).toEqual(kept);
  });

  test('a vocabulary in parts has the loss and the gradient of the float64 reference', async () => {
    const expected = referenceStep(model, layout, Float64Array.from(parametersOf(model)), batch, shape);
    const sharded = await train(model, narrow);
    expect(sharded.dispatches).toBeGreaterThan((await train(model)).dispatches + 30);
    expect(Math.abs(sharded.loss / expected.loss - 1)).toBeLessThan(1e-5);
    expect(sharded.held).toBeCloseTo(sharded.loss, 6);
    for (const { name, offset, size } of layout.tensors) {
      const own = (values: Float32Array | Float64Array) => values.slice(offset, offset + size);
      const error = relativeError(
        Float32Array.from(own(sharded.gradient)),
        Float64Array.from(own(expected.gradient)),
      );
      expect.soft(error, name).toBeLessThan(1e-4);
    }
  });

  test('in half precision many parts change the result only a little', async ({ skip }) => {
    skip(!device.f16, 'the adapter has no f16');
    const options = { storage: 'f16', lossScaling: { initialScale: 64, growthInterval: 1000 } } as const;
    const whole = await train(model, {}, options);
    const sharded = await train(model, narrow, options);
    expect(Math.abs(sharded.loss / whole.loss - 1)).toBeLessThan(1e-3);
    expect(relativeError(sharded.gradient, Float64Array.from(whole.gradient))).toBeLessThan(5e-3);
  });

  test('vectors in several buffers train with the same bits', async () => {
    const whole = await train(model);
    const bufferBytes = 200 * 1024;
    expect(layout.length * 4).toBeGreaterThan(bufferBytes);
    const several = await train(model, { bufferBytes });
    expect(several.loss).toBe(whole.loss);
    expect(several.gradient).toEqual(whole.gradient);
    // The squares of the gradient's norm are added in another order, so the step may differ in its last bits.
    const error = relativeError(several.after.parameters, Float64Array.from(whole.after.parameters));
    expect(error).toBeLessThan(1e-6);
  });
});

test('a layer too large for a binding is refused', async () => {
  await expect(train(config, { bindingBytes: 4096 })).rejects.toMatchObject({ code: 'device.too-small' });
});
