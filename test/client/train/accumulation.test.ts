import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Batch, ignoredTarget } from '../../../client/data/batch.ts';
import type { Device } from '../../../client/gpu/device.ts';
import { initialParameters } from '../../../client/model/parameters.ts';
import { Random } from '../../../client/random.ts';
import { Trainer } from '../../../client/train/trainer.ts';
import { freshState } from '../../../client/train/training.ts';
import { openNodeDevice } from '../../gpu-node.ts';
import { relativeError } from '../../platform/step.ts';
import { config, fresh, randomBatch, settings, shape } from './small-run.ts';

let device: Device;
beforeAll(async () => {
  device = await openNodeDevice();
});
afterAll(() => device.close());

const parts = 3;

/** Targets are ignored unevenly: the mean over all that count is not the mean of the parts' means. */
function unevenBatch(random: Random): Batch {
  const { inputs, targets } = randomBatch(random, parts);
  return { inputs, targets: targets.map((target, i) => (i < 15 || i % 4 === 0 ? ignoredTarget : target)) };
}

test.each([true, false])(
  'three parts make the step of one batch three times the size, tied head %s',
  async (tiedHead) => {
    const model = { ...config, tiedHead };
    const whole = await Trainer.create(device, model, { ...shape, batch: shape.batch * parts }, settings);
    const inParts = await Trainer.create(device, model, shape, settings, { accumulation: parts });
    const random = Random.seeded(5);
    const state = freshState(initialParameters(model, whole.layout, 3).map((value) => value * 4));
    for (const trainer of [whole, inParts]) trainer.load(state);
    // The second step must not see the first one's gradient.
    for (let step = 0; step < 2; step++) {
      const batch = unevenBatch(random);
      for (const trainer of [whole, inParts]) trainer.step(batch, 1e-2);
      expect(await inParts.loss()).toBeCloseTo(await whole.loss(), 4);
      const [gradient, expected] = [await inParts.gradient(), await whole.gradient()];
      for (const { name, offset, size } of whole.layout.tensors) {
        const own = (values: Float32Array) => values.subarray(offset, offset + size);
        expect(relativeError(own(gradient), Float64Array.from(own(expected))), name).toBeLessThan(1e-4);
      }
    }
    const [actual, wanted] = [await inParts.save(), await whole.save()];
    expect(relativeError(actual.parameters, Float64Array.from(wanted.parameters))).toBeLessThan(1e-5);
    expect(actual.scaling.appliedSteps).toBe(2);
    whole.close();
    inParts.close();
  },
);

test('evaluation takes a batch of one part, and a step of another size is refused', async () => {
  const trainer = await Trainer.create(device, config, shape, settings, { accumulation: parts });
  trainer.load(fresh(1));
  const random = Random.seeded(6);
  trainer.step(randomBatch(random, parts), 1e-2);
  const loss = await trainer.loss();
  expect((await trainer.evaluate(randomBatch(random))).tokens).toBe(shape.batch * shape.sequence);
  expect(await trainer.loss()).toBe(loss);
  expect(() => trainer.step(randomBatch(random), 1e-2)).toThrow(
    expect.objectContaining({ code: 'batch.shape' }),
  );
  trainer.close();
});
