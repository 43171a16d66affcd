import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Device } from '../../client/gpu/device.ts';
import { presets } from '../../client/model/config.ts';
import { layoutOf } from '../../client/model/parameters.ts';
import { referenceAdamW } from '../../client/model/reference/adamw.ts';
import { Random } from '../../client/random.ts';
import {
  decayBlocks,
  recordUpdate,
  shardsOf,
  stepValueCount,
  writeStepValues,
} from '../../client/train/optimizer.ts';
import { openNodeDevice } from '../gpu-node.ts';
import { allVariants, expectClose, randomValues, runOperation } from './operation.ts';

let device: Device;
beforeAll(async () => {
  device = await openNodeDevice();
});
afterAll(() => device.close());

const layout = layoutOf({
  ...presets.nano,
  layers: 1,
  dimension: 40,
  heads: 5,
  keyValueHeads: 1,
  feedForward: 24,
});
const settings = { beta1: 0.8, beta2: 0.9, epsilon: 1e-6, weightDecay: 0.3, gradientClip: 1 };
const learningRate = 0.02;

/** Random values in the tensors, zeros in the gaps between them. */
function randomVector(random: Random, scale: number): Float32Array<ArrayBuffer> {
  const values = new Float32Array(layout.length);
  for (const { offset, size } of layout.tensors)
    values.set(
      randomValues(random, size).map((value) => value * scale),
      offset,
    );
  return values;
}

test.each([
  ['clipped', 1, 2 ** 27],
  ['not clipped', 1e-4, 2 ** 27],
  ['in shards', 1, 4 * 4096],
])('AdamW with a gradient that is %s', async (_, scale, maxBindingBytes) => {
  const random = Random.seeded(3);
  const gradient = randomVector(random, scale);
  const parameters = randomVector(random, 1);
  const firstMoment = randomVector(random, 0.01);
  const secondMoment = randomVector(random, 0.01).map(Math.abs);
  const expected = {
    step: 4,
    parameters: Float64Array.from(parameters),
    firstMoment: Float64Array.from(firstMoment),
    secondMoment: Float64Array.from(secondMoment),
  };
  referenceAdamW(expected, Float64Array.from(gradient), settings, learningRate, layout);
  const stepValues = new Float32Array(stepValueCount);
  writeStepValues(stepValues, settings, 5, learningRate, 1);
  for (const variant of allVariants(device)) {
    const decays = decayBlocks(layout);
    const clipping = new Float32Array(2);
    const values = { gradient, parameters, firstMoment, secondMoment, stepValues, decays, clipping };
    const results = await runOperation(variant, values, (program, ranges) => {
      const buffers = { ...ranges, stepValues: ranges.stepValues };
      recordUpdate(
        program,
        {
          parameters: buffers.parameters.buffer,
          gradient: buffers.gradient.buffer,
          firstMoment: buffers.firstMoment.buffer,
          secondMoment: buffers.secondMoment.buffer,
          decays: buffers.decays.buffer,
          clipping: buffers.clipping.buffer,
          stepValues: buffers.stepValues,
        },
        layout,
        maxBindingBytes,
      );
    });
    expectClose(results('parameters'), expected.parameters);
    expectClose(results('firstMoment'), expected.firstMoment);
    expectClose(results('secondMoment'), expected.secondMoment);
    const norm = Math.hypot(...gradient);
    expect(Math.abs((results('clipping')[0] ?? 0) / norm - 1)).toBeLessThan(1e-5);
  }
});

test('shards cover the vector, fit the limit and begin where a binding may', () => {
  const shards = shardsOf(10_048, 4 * 4096 + 256);
  expect(shards).toEqual([
    { offset: 0, length: 4096 },
    { offset: 4096, length: 4096 },
    { offset: 8192, length: 1856 },
  ]);
});
