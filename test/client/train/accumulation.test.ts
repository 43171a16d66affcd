import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Batch, ignoredTarget } from '../../../client/data/batch.ts';
import type { Device } from '../../../client/gpu/device.ts';
import { initialParameters } from '../../../client/model/parameters.ts';
import { Random } from '../../../client/random.ts';
import { Trainer } from '../../../client/train/trainer.ts';
import { freshState } from '../../../client/train/training.ts';
import { relativeError } from '../../platform/step.ts';
import { openNodeDevice } from '../../support/gpu-node.ts';
import { config, fresh, randomBatch, settings, shape } from '../../support/train/small-run.ts';

let device: Device;
beforeAll(async () => {
  device = await openNodeDevice();
});
afterAll(() => device.close());

const parts = 3;
const threefold = { ...shape, batch: shape.batch * parts };

/** The parts ignore different numbers of targets, so the mean over all targets is not the mean of the parts' means. */
function unevenBatch(random: Random): Batch {
  const { inputs, targets } = randomBatch(random, parts);
  return { inputs, targets: targets.map((target, i) => (i < 15 || i % 4 === 0 ? ignoredTarget : target)) };
}

test.each([true, false])(
  'three parts give the step of one batch three times the size, tied head %s',
  async (tiedHead) => {
    const model = { ...config, tiedHead };
    const whole = await Trainer.create(device, model, threefold, settings);
    const inParts = await Trainer.create(device, model, threefold, settings, { accumulation: parts });
    const random = Random.seeded(5);
    const state = freshState(initialParameters(model, whole.layout, 3).map((value) => value * 4));
    for (const trainer of [whole, inParts]) trainer.load(state);
    // The second step must not include the first one's gradient.
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

test('evaluation takes batches of the same size as training, and others are refused', async () => {
  const whole = await Trainer.create(device, config, threefold, settings);
  const trainer = await Trainer.create(device, config, threefold, settings, { accumulation: parts });
  trainer.load(fresh(1));
  const random = Random.seeded(6);
  trainer.step(randomBatch(random, parts), 1e-2);
  const loss = await trainer.loss();
  whole.load(await trainer.save());
  const batch = unevenBatch(random);
  const [measured, expected] = [await trainer.logProbabilities(batch), await whole.logProbabilities(batch)];
  expect(relativeError(measured, Float64Array.from(expected))).toBeLessThan(1e-6);
  expect(await trainer.loss()).toBe(loss);
  expect(() => trainer.step(randomBatch(random), 1e-2)).toThrow(
    expect.objectContaining({ code: 'batch.shape' }),
  );
  trainer.close();
  whole.close();
});

test('a number of parts that does not divide the batch is refused', async () => {
  const refused = Trainer.create(device, config, threefold, settings, { accumulation: 4 });
  await expect(refused).rejects.toMatchObject({ code: 'batch.parts' });
});
