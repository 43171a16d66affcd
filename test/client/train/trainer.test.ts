import { describe, expect, test } from 'vitest';
import { ignoredTarget } from '../../../client/data/batch.ts';
import { initialParameters } from '../../../client/model/parameters.ts';
import { Random } from '../../../client/random.ts';
import { evaluate } from '../../../client/train/evaluate.ts';
import { Trainer } from '../../../client/train/trainer.ts';
import { openNodeDevice } from '../../support/gpu-node.ts';
import { config, fresh, layout, randomBatch, settings, shape } from '../../support/train/small-run.ts';
import { smallTrainers } from '../../support/train/small-trainers.ts';

const makeTrainer = smallTrainers();

describe('one step', () => {
  test('has at most 60 dispatches for two layers', async () => {
    expect((await makeTrainer()).dispatchesPerStep).toBeLessThanOrEqual(60);
  });

  // Each tensor alone, so that a gradient dropped in the middle of the graph cannot hide behind the others.
  test('has the gradient that finite differences of the loss show, tensor by tensor', async () => {
    const trainer = await makeTrainer();
    const random = Random.seeded(11);
    const batch = randomBatch(random);
    const { parameters, ...rest } = fresh(3, 4);
    trainer.load({ parameters, ...rest });
    trainer.step(batch, 0);
    const gradient = await trainer.gradient();
    for (const { name, offset, size } of layout.tensors) {
      // Along the gradient itself the slope is largest against float32's noise.
      const own = gradient.slice(offset, offset + size);
      const slope = Math.hypot(...own);
      const length = 0.02 / Math.max(slope, 0.02);
      const lossAt = async (sign: number) => {
        const moved = parameters.slice();
        for (let i = 0; i < size; i++)
          moved[offset + i] = (moved[offset + i] ?? 0) + (sign * length * (own[i] ?? 0)) / slope;
        trainer.setParameters(moved);
        return evaluate(trainer, [batch]);
      };
      const measured = ((await lossAt(1)) - (await lossAt(-1))) / (2 * length);
      expect.soft(Math.abs(measured / slope - 1), name).toBeLessThan(0.03);
    }
  });
});

describe('many steps', () => {
  test('overfit one batch', async () => {
    const trainer = await makeTrainer();
    trainer.load(fresh(1));
    const batch = randomBatch(Random.seeded(2));
    trainer.step(batch, 0);
    expect(await trainer.loss()).toBeCloseTo(Math.log(config.vocabularySize), 1);
    for (let step = 0; step < 150; step++) trainer.step(batch, 3e-3);
    expect(await trainer.loss()).toBeLessThan(0.05);
  });

  test('give the same bits from the same seed, and resume a saved state with the same bits', async () => {
    const run = async (trainer: Trainer, random: Random, steps: number) => {
      for (let step = 0; step < steps; step++) trainer.step(randomBatch(random), 1e-2);
      return trainer.save();
    };
    const [first, second, third] = [await makeTrainer(), await makeTrainer(), await makeTrainer()];
    first.load(fresh(9));
    second.load(fresh(9));
    const whole = await run(first, Random.seeded(4), 6);
    const random = Random.seeded(4);
    third.load(await run(second, random, 3));
    const resumed = await run(third, random, 3);
    expect(resumed.step).toBe(6);
    expect(resumed).toEqual(whole);
    expect(whole.parameters).not.toEqual(fresh(9).parameters);
  });

  test('a new base keeps the moments', async () => {
    const trainer = await makeTrainer();
    trainer.load(fresh(1));
    trainer.step(randomBatch(Random.seeded(1)), 1e-2);
    const before = await trainer.save();
    const base = initialParameters(config, layout, 77);
    trainer.setParameters(base);
    const after = await trainer.save();
    expect(after.parameters).toEqual(base);
    expect(await trainer.parameters()).toEqual(base);
    expect(after.firstMoment).toEqual(before.firstMoment);
    expect(after.step).toBe(1);
  });
});

describe('evaluation', () => {
  test('changes nothing, counts only real targets and leaves the last step’s loss', async () => {
    const trainer = await makeTrainer();
    trainer.load(fresh(1));
    const random = Random.seeded(8);
    trainer.step(randomBatch(random), 1e-2);
    const stepLoss = await trainer.loss();
    const before = await trainer.save();
    const batch = randomBatch(random);
    const all = await trainer.logProbabilities(batch);
    expect(all.length).toBe(22);
    const half = batch.targets.map((target, i) => (i % 2 === 0 ? ignoredTarget : target));
    const ofHalf = await trainer.logProbabilities({ ...batch, targets: half });
    expect(ofHalf).toEqual(all.map((logProbability, i) => (i % 2 === 0 ? 0 : logProbability)));
    const total = (logProbabilities: Float32Array) => -logProbabilities.reduce((sum, each) => sum + each, 0);
    expect(await evaluate(trainer, [batch, batch])).toBeCloseTo(total(all) / 22, 12);
    expect(await evaluate(trainer, [batch, { ...batch, targets: half }])).toBeCloseTo(
      (total(all) + total(ofHalf)) / 33,
      12,
    );
    expect(await evaluate(trainer, [])).toBe(0);
    expect(await trainer.save()).toEqual(before);
    expect(await trainer.loss()).toBe(stepLoss);
  });

  test('a batch without a target that counts has loss 0 and gradient 0', async () => {
    const trainer = await makeTrainer();
    trainer.load(fresh(1));
    const batch = randomBatch(Random.seeded(1));
    const zero = new Float32Array(batch.targets.length);
    const none = { ...batch, targets: batch.targets.map(() => ignoredTarget) };
    for (const empty of [none, { ...batch, weights: zero }]) {
      trainer.step(empty, 0);
      expect(await trainer.loss()).toBe(0);
      expect((await trainer.gradient()).every((value) => value === 0)).toBe(true);
      expect(await evaluate(trainer, [empty])).toBe(0);
    }
  });
});

describe('weights of rows', () => {
  const batch = randomBatch(Random.seeded(12));
  const rows = batch.targets.length;

  test('give the plain mean if they are equal and add up to 1, and double loss and gradient if doubled', async () => {
    const trainer = await makeTrainer();
    trainer.load(fresh(1, 4));
    const measured = [];
    for (const weight of [undefined, 1 / rows, 2 / rows]) {
      trainer.step(weight ? { ...batch, weights: new Float32Array(rows).fill(weight) } : batch, 0);
      measured.push({ loss: await trainer.loss(), gradient: await trainer.gradient() });
    }
    const [mean, equal, double] = measured;
    if (!mean || !equal || !double) throw new Error('a step was not measured');
    expect(equal.gradient).toEqual(mean.gradient);
    expect(equal.loss).toBeCloseTo(mean.loss, 6);
    expect(double.gradient).toEqual(mean.gradient.map((value) => 2 * value));
    expect(double.loss).toBeCloseTo(2 * mean.loss, 6);
  });

  test('do not change the losses of rows, even at weight 0, but weight the evaluation', async () => {
    const trainer = await makeTrainer();
    trainer.load(fresh(1, 4));
    const weights = Float32Array.from({ length: rows }, (_, row) => (row % 3 === 0 ? 0 : row));
    const logProbabilities = await trainer.logProbabilities({ ...batch, weights });
    expect(logProbabilities).toEqual(await trainer.logProbabilities(batch));
    const sum = -weights.reduce((total, weight, row) => total + weight * (logProbabilities[row] ?? 0), 0);
    const total = weights.reduce((a, b) => a + b, 0);
    expect(await evaluate(trainer, [{ ...batch, weights }])).toBeCloseTo(sum / total, 12);
    trainer.step({ ...batch, weights }, 0);
    expect(await trainer.loss()).toBeCloseTo(sum, 3);
  });

  test('are refused if they have another length or are not finite', async () => {
    const trainer = await makeTrainer();
    const weighted = (weights: Float32Array<ArrayBuffer>) => () => trainer.step({ ...batch, weights }, 0);
    expect(weighted(new Float32Array(rows - 1))).toThrow(expect.objectContaining({ code: 'batch.shape' }));
    expect(weighted(new Float32Array(rows).fill(Number.NaN))).toThrow(
      expect.objectContaining({ code: 'batch.weight' }),
    );
  });
});

describe('a trainer refuses', () => {
  test('batches of another shape or vocabulary, and states of another length', async () => {
    const trainer = await makeTrainer();
    const batch = randomBatch(Random.seeded(1));
    const short = { ...batch, inputs: batch.inputs.slice(1) };
    const foreign = { ...batch, inputs: batch.inputs.map(() => 32) };
    expect(() => trainer.step(short, 0)).toThrow(expect.objectContaining({ code: 'batch.shape' }));
    expect(() => trainer.step(foreign, 0)).toThrow(expect.objectContaining({ code: 'batch.token' }));
    const unknown = { ...batch, targets: batch.targets.map(() => 32) };
    await expect(trainer.logProbabilities(unknown)).rejects.toMatchObject({ code: 'batch.token' });
    expect(() => trainer.setParameters(new Float32Array(3))).toThrow(
      expect.objectContaining({ code: 'state.length' }),
    );
  });

  test.each([
    { heads: 8, keyValueHeads: 2 },
    { keyValueHeads: 3 },
    { dimension: 272, heads: 2, keyValueHeads: 2 },
  ])('a configuration the kernels cannot run: %o', async (model) => {
    await expect(makeTrainer({ model })).rejects.toMatchObject({ code: 'config.shape' });
  });
});

test('pending and later calls reject once the device is lost', async () => {
  const lost = await openNodeDevice();
  const trainer = await Trainer.create(lost, config, shape, settings);
  trainer.load(fresh(1));
  trainer.step(randomBatch(Random.seeded(1)), 1e-3);
  const pending = trainer.loss();
  lost.close();
  await expect(pending).rejects.toMatchObject({ code: 'device.lost' });
  trainer.step(randomBatch(Random.seeded(1)), 1e-3);
  await expect(trainer.loss()).rejects.toMatchObject({ code: 'device.lost' });
  await expect(trainer.save()).rejects.toMatchObject({ code: 'device.lost' });
  await expect(trainer.parameters()).rejects.toMatchObject({ code: 'device.lost' });
  await expect(trainer.logProbabilities(randomBatch(Random.seeded(1)))).rejects.toMatchObject({
    code: 'device.lost',
  });
});
