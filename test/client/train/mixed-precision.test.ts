import { expect, test } from 'vitest';
import { Random } from '../../../client/random.ts';
import { evaluate } from '../../../client/train/evaluate.ts';
import type { Trainer } from '../../../client/train/trainer.ts';
import { relativeError } from '../../platform/step.ts';
import { fresh, layout, randomBatch } from '../../support/train/small-run.ts';
import { smallTrainers } from '../../support/train/small-trainers.ts';

const makeTrainer = smallTrainers();

test('loss and gradient are those of float32 except for the last digits', async () => {
  const batch = randomBatch(Random.seeded(1));
  const results = [];
  for (const storage of ['f32', 'f16'] as const) {
    // Few tokens and large weights make gradients that would overflow at the usual scale.
    const lossScaling = { initialScale: 1024, growthInterval: 1000 };
    const trainer = await makeTrainer({ storage, lossScaling });
    trainer.load(fresh(2, 4));
    trainer.step(batch, 0);
    results.push({ loss: await trainer.loss(), gradient: await trainer.gradient() });
    expect(await evaluate(trainer, [batch])).toBeCloseTo(await trainer.loss(), 5);
  }
  const [whole, half] = results;
  if (!whole || !half) throw new Error('a trainer has no results');
  expect(Math.abs(half.loss / whole.loss - 1)).toBeLessThan(1e-3);
  expect(half.loss).not.toBe(whole.loss);
  for (const { name, offset, size } of layout.tensors) {
    const own = (values: Float32Array) => values.subarray(offset, offset + size);
    expect(relativeError(own(half.gradient), Float64Array.from(own(whole.gradient))), name).toBeLessThan(
      2e-2,
    );
  }
});

test('many steps overfit one batch, and new parameters take effect at once', async () => {
  const trainer = await makeTrainer({ storage: 'f16' });
  const state = fresh(1);
  trainer.load(state);
  const batch = randomBatch(Random.seeded(2));
  const before = await trainer.logProbabilities(batch);
  for (let step = 0; step < 150; step++) trainer.step(batch, 3e-3);
  expect(await trainer.loss()).toBeLessThan(0.05);
  expect(await trainer.scaling()).toMatchObject({ appliedSteps: 150, skippedSteps: 0, lossScale: 65_536 });
  trainer.setParameters(state.parameters);
  expect(await trainer.logProbabilities(batch)).toEqual(before);
});

test('a loss scale at which gradients overflow is halved until they do not, and only steps are lost', async () => {
  const lossScaling = { initialScale: 2 ** 30, growthInterval: 1000 };
  const trainer = await makeTrainer({ storage: 'f16', lossScaling });
  const state = fresh(1);
  trainer.load(state);
  const batch = randomBatch(Random.seeded(2));
  trainer.step(batch, 3e-3);
  const first = await trainer.save();
  expect(first.scaling).toMatchObject({ lossScale: 2 ** 29, appliedSteps: 0, skippedSteps: 1 });
  expect(first.parameters).toEqual(state.parameters);
  expect(first.firstMoment).toEqual(state.firstMoment);
  expect(first.secondMoment).toEqual(state.secondMoment);
  for (let step = 0; step < 40; step++) trainer.step(batch, 3e-3);
  const { scaling, parameters } = await trainer.save();
  expect(scaling.appliedSteps + scaling.skippedSteps).toBe(41);
  expect(scaling.appliedSteps).toBeGreaterThan(20);
  expect(scaling.lossScale).toBe(2 ** (30 - scaling.skippedSteps));
  expect(parameters.every(Number.isFinite)).toBe(true);
  expect(await trainer.loss()).toBeLessThan(2.5);
});

test('training saved between two changes of the loss scale resumes with the same bits', async () => {
  const lossScaling = { initialScale: 2 ** 30, growthInterval: 3 };
  const [through, first, second] = [
    await makeTrainer({ storage: 'f16', lossScaling }),
    await makeTrainer({ storage: 'f16', lossScaling }),
    await makeTrainer({ storage: 'f16', lossScaling }),
  ];
  const run = (trainer: Trainer, random: Random, steps: number) => {
    for (let step = 0; step < steps; step++) trainer.step(randomBatch(random), 1e-2);
    return trainer.save();
  };
  through.load(fresh(9));
  const whole = await run(through, Random.seeded(4), 45);
  const random = Random.seeded(4);
  first.load(fresh(9));
  for (const steps of [5, 20]) {
    second.load(await run(first, random, steps));
    first.load(await run(second, random, 5));
  }
  expect(await run(first, random, 10)).toEqual(whole);
  expect(whole.scaling.appliedSteps).toBeGreaterThan(20);
  expect(whole.scaling.skippedSteps).toBeGreaterThan(10);
  expect(whole.scaling.goodSteps).toBeLessThan(3);
});

test('with f32 storage too, a gradient that is not finite is skipped', async () => {
  const trainer = await makeTrainer({});
  const state = fresh(1);
  const broken = state.parameters.slice();
  broken[layout.tensors.at(-1)?.offset ?? 0] = Number.NaN;
  trainer.load({ ...state, parameters: broken });
  trainer.step(randomBatch(Random.seeded(2)), 1e-2);
  const after = await trainer.save();
  expect(after.scaling).toMatchObject({ lossScale: 1, appliedSteps: 0, skippedSteps: 1 });
  expect(after.parameters).toEqual(broken);
  expect(after.firstMoment).toEqual(state.firstMoment);
});

test('vectors in several buffers and bindings are trained like those in one', async () => {
  const batch = randomBatch(Random.seeded(2));
  const results = [];
  for (const adapter of [{}, { bufferBytes: 2 ** 14, bindingBytes: 3 * 2 ** 12 }]) {
    const optimizer = { muon: { momentum: 0.95 } };
    const trainer = await makeTrainer({ adapter, optimizer, storage: 'f16' });
    trainer.load(fresh(3));
    trainer.step(batch, 1e-2);
    const gradient = await trainer.gradient();
    trainer.step(batch, 1e-2);
    results.push({ gradient, ...(await trainer.save()), dispatches: trainer.dispatchesPerStep });
  }
  const [whole, inParts] = results;
  if (!whole || !inParts) throw new Error('a trainer has no results');
  expect(inParts.dispatches).toBeGreaterThan(whole.dispatches + 10);
  expect(inParts.gradient).toEqual(whole.gradient);
  // The squares of the norm are added in another order.
  expect(relativeError(inParts.parameters, Float64Array.from(whole.parameters))).toBeLessThan(1e-4);
  expect(inParts.scaling).toEqual(whole.scaling);
});

test('an adapter without 16-bit floats is refused with that reason', async () => {
  await expect(makeTrainer({ adapter: { f16: false }, storage: 'f16' })).rejects.toMatchObject({
    code: 'device.no-f16',
  });
});
