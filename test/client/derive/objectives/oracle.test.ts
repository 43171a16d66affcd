import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { Batch } from '../../../../client/data/batch.ts';
import { layExamples } from '../../../../client/data/example.ts';
import {
  preferenceBatch,
  preferenceObjective,
} from '../../../../client/derive/objectives/kernels/preference.ts';
import { rewardBatch, rewardObjective } from '../../../../client/derive/objectives/kernels/reward.ts';
import type { Device } from '../../../../client/gpu/device.ts';
import { Trainer } from '../../../../client/train/trainer.ts';
import {
  measureObjectives,
  type ObjectiveErrors,
  objectiveTolerance,
  oracleTrainer,
  pairExamples,
  pairsIn,
  preferenceErrors,
  rewardErrors,
} from '../../../platform/objectives.ts';
import { openNodeDevice } from '../../../support/gpu-node.ts';
import { oracleConfig } from '../../../support/oracle/oracle.ts';
import { settings } from '../../../support/train/small-run.ts';

let device: Device;
beforeAll(async () => {
  device = await openNodeDevice();
});
afterAll(() => device.close());

function expectSmall(errors: readonly ObjectiveErrors[], count: number): void {
  expect(errors.length).toBe(count);
  for (const { name, lossError, gradientError } of errors) {
    expect(lossError, name).toBeLessThan(objectiveTolerance);
    expect(gradientError, name).toBeLessThan(objectiveTolerance);
  }
}

test('every objective agrees with the oracle in loss and gradient', async () => {
  expectSmall(await measureObjectives(device), 16);
});

const padded = [[0], [3], [1], [4], [2], [5]];
const packed = [[5, 0], [1, 3, 4], [2]];

test('preferences agree with the oracle packed and in parts of a step', async () => {
  expectSmall(await preferenceErrors(device, { windows: packed, shape: { batch: 3, sequence: 28 } }), 7);
  const inParts = { windows: padded, shape: { batch: 6, sequence: 9 }, options: { accumulation: 3 } };
  expectSmall(await preferenceErrors(device, inParts), 7);
});

test('rewards agree with the oracle packed, recomputed and in parts of a step', async () => {
  const recomputed = { windows: packed, shape: { batch: 3, sequence: 30 }, options: { recompute: true } };
  expectSmall(await rewardErrors(device, recomputed), 3);
  const inParts = { windows: padded, shape: { batch: 6, sequence: 10 }, options: { accumulation: 3 } };
  expectSmall(await rewardErrors(device, inParts), 3);
});

const dpo = { kind: 'dpo', beta: 0.1 } as const;
const shape = { batch: 6, sequence: 9 };

test('rows beside the pairs keep their weights, in one submit a step', async () => {
  const seven = { ...shape, batch: 7 };
  const trainer = await oracleTrainer(device, seven, preferenceObjective);
  const example = { tokens: Uint32Array.of(3, 1, 4, 1, 5, 9), carriesLoss: new Uint8Array(6).fill(1) };
  const batch = layExamples([...pairExamples, example], [...padded, [6]], seven);
  const weights = new Float32Array(63).fill(0.1, 54, 59);
  const run = async (given: Batch) => {
    const submit = vi.spyOn(device.device.queue, 'submit');
    trainer.step(given, 0);
    expect(submit).toHaveBeenCalledTimes(1);
    submit.mockRestore();
    return { ...(await trainer.report()), gradient: await trainer.gradient() };
  };
  const both = await run(preferenceBatch(dpo, { ...batch, weights }, pairsIn(batch)));
  const alone = await run(preferenceBatch(dpo, batch, pairsIn(batch)));
  // A batch without an objective, for a trainer with one.
  const rest = await run({ ...batch, weights });
  expect(both.loss).toBeCloseTo(alone.loss + rest.loss, 6);
  expect(both.metrics).toEqual(alone.metrics);
  expect(Object.values(both.metrics).every(Number.isFinite)).toBe(true);
  const sum = alone.gradient.map((value, i) => value + (rest.gradient[i] ?? 0));
  const difference = Math.hypot(...both.gradient.map((value, i) => value - (sum[i] ?? 0)));
  expect(difference).toBeLessThan(1e-5 * Math.hypot(...sum));
  trainer.close();
});

test('a batch of another objective, and pairs in different parts of a step, are refused', async () => {
  const batch = layExamples(pairExamples, [[0], [1], [2], [3], [4], [5]], shape);
  const preferred = preferenceBatch(dpo, batch, pairsIn(batch));
  const refused = expect.objectContaining({ code: 'batch.objective' });
  const trainers: Trainer[] = [
    await oracleTrainer(device, shape, preferenceObjective, { accumulation: 3 }),
    await oracleTrainer(device, shape, rewardObjective),
  ];
  for (const trainer of trainers) {
    expect(() => trainer.step(preferred, 0)).toThrow(refused);
    trainer.close();
  }
});

test('a score head can be trained alone, and needs a token after the scored one', async () => {
  const config = { ...oracleConfig, scores: true };
  const full = await oracleTrainer(device, shape, rewardObjective, {}, config);
  const trained = ({ name }: { readonly name: string }) => name === 'score.weight';
  const options = { objective: rewardObjective, trained };
  const trainer = await Trainer.create(device, config, shape, settings, options);
  expect(trainer.layout.tensors.map(({ name }) => name)).toEqual(['score.weight']);
  expect(trainer.dispatchesPerStep).toBeLessThan(full.dispatchesPerStep / 2);
  for (const one of [trainer, full]) one.close();
  const batch = layExamples(pairExamples, padded, shape);
  const [chosen, rejected] = batch.places;
  if (chosen === undefined || rejected === undefined) throw new Error('examples were laid');
  expect(() => rewardBatch({}, batch, [{ chosen, rejected }])).toThrow(
    expect.objectContaining({ code: 'example.shape' }),
  );
});
