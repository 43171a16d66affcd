import { afterAll, beforeAll, expect, test } from 'vitest';
import { livelyParameters } from '../../../../bench/lively-parameters.ts';
import { layExamples } from '../../../../client/data/example.ts';
import { divergenceLoss } from '../../../../client/derive/objectives/divergence.ts';
import {
  divergenceBatch,
  divergenceObjective,
} from '../../../../client/derive/objectives/kernels/divergence.ts';
import type { Device } from '../../../../client/gpu/device.ts';
import type { ModelConfig } from '../../../../client/model/config.ts';
import { layoutOf } from '../../../../client/model/parameters.ts';
import { referenceStep } from '../../../../client/model/reference/model.ts';
import { Random } from '../../../../client/random.ts';
import { Trainer } from '../../../../client/train/trainer.ts';
import { freshState } from '../../../../client/train/training.ts';
import { relativeError } from '../../../platform/step.ts';
import { openNodeDevice } from '../../../support/gpu-node.ts';

let device: Device;
beforeAll(async () => {
  device = await openNodeDevice();
});
afterAll(() => device.close());

const settings = { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0, gradientClip: 1 };
const config: ModelConfig = {
  ...{ vocabularySize: 12, layers: 1, dimension: 16, heads: 2, keyValueHeads: 1, feedForward: 24 },
  ...{ contextLength: 16, ropeTheta: 100, normEpsilon: 1e-5, tiedHead: false },
};
const layout = layoutOf(config);

test('the slopes of the loss are its differences, and without a divergence it is the loss of the rows', () => {
  const random = Random.seeded(3);
  const rows = Array.from({ length: 5 }, () => ({
    weight: random.uniform(),
    logProbability: -3 * random.uniform(),
    reference: -3 * random.uniform(),
  }));
  const { slopes } = divergenceLoss(0.7, rows);
  for (const [i, slope] of slopes.entries()) {
    const moved = (by: number) =>
      divergenceLoss(
        0.7,
        rows.map((row, at) => (at === i ? { ...row, logProbability: row.logProbability + by } : row)),
      ).loss;
    expect((moved(1e-5) - moved(-1e-5)) / 2e-5).toBeCloseTo(slope, 8);
  }
  const same = rows.map((row) => ({ ...row, reference: row.logProbability }));
  const plain = rows.reduce((sum, { weight, logProbability }) => sum - weight * logProbability, 0);
  expect(divergenceLoss(9, same)).toMatchObject({ loss: plain, metrics: { divergence: 0 } });
});

test.each([
  [{ batch: 2, sequence: 16 }, 1, 1],
  [{ batch: 4, sequence: 9 }, 2, 2],
  [{ batch: 6, sequence: 7 }, 3, 3],
])('loss and gradient agree with float64 on packed rows of %o in %i parts', async (shape, parts, seed) => {
  const random = Random.seeded(seed);
  const examples = Array.from({ length: 2 * shape.batch - 1 }, () => {
    const length = 2 + random.below(Math.floor(shape.sequence / 2) - 1);
    return {
      tokens: Uint32Array.from({ length }, () => random.below(12)),
      carriesLoss: Uint8Array.from({ length }, (_, i) => Number(i === length - 1 || random.below(2))),
    };
  });
  const windows = Array.from({ length: shape.batch }, (_, i) =>
    [2 * i, 2 * i + 1].filter((index) => index < examples.length),
  );
  const laid = layExamples(examples, windows, shape);
  // The last example stands for base text, which has its own loss alone.
  const places = laid.places.slice(0, -1);
  const weights = Float32Array.from(laid.targets, (target) => (target < 12 ? random.uniform() : 0));
  const references = examples.map(({ tokens }) =>
    Float32Array.from({ length: tokens.length - 1 }, () => -4 * random.uniform()),
  );
  const beta = 0.3;
  const batch = divergenceBatch(beta, { ...laid, places, weights }, (example) => references[example] ?? []);

  const parameters = livelyParameters(config, seed);
  const exact = Float64Array.from(parameters);
  const { rowLosses } = referenceStep(config, layout, exact, { ...laid, weights }, shape);
  const slopes = Float32Array.from(weights);
  let loss = weights.reduce((sum, weight, row) => sum + weight * (rowLosses[row] ?? Number.NaN), 0);
  for (const { example, first, end } of places)
    for (let row = first; row < end; row++) {
      const weight = weights[row] ?? Number.NaN;
      const ahead = (references[example]?.[row - first] ?? Number.NaN) + (rowLosses[row] ?? Number.NaN);
      slopes[row] = weight * (1 + beta * (Math.exp(ahead) - 1));
      if (weight !== 0) loss += weight * beta * (Math.exp(ahead) - 1 - ahead);
    }
  const { gradient } = referenceStep(config, layout, exact, { ...laid, weights: slopes }, shape);

  const trainer = await Trainer.create(device, config, shape, settings, {
    ...{ objective: divergenceObjective, accumulation: parts },
  });
  trainer.load(freshState(parameters));
  trainer.step(batch, 0);
  expect(relativeError(await trainer.gradient(), gradient)).toBeLessThan(1e-4);
  expect(Math.abs((await trainer.loss()) / loss - 1)).toBeLessThan(1e-5);
  trainer.close();
});
