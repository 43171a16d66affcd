import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Device } from '../../client/gpu/device.ts';
import { presets } from '../../client/model/config.ts';
import { layoutOf } from '../../client/model/parameters.ts';
import { referenceAdamW } from '../../client/model/reference/adamw.ts';
import { scalingAfter } from '../../client/train/optimizer/loss-scaling.ts';
import { openNodeDevice } from '../support/gpu-node.ts';
import { allVariants, expectClose } from './operation.ts';
import { learningRate, randomVectors, updated, type Vectors } from './update.ts';

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

function expectedAfter(vectors: Vectors) {
  const state = {
    step: 4,
    parameters: Float64Array.from(vectors.parameters),
    firstMoment: Float64Array.from(vectors.firstMoment),
    secondMoment: Float64Array.from(vectors.secondMoment),
  };
  referenceAdamW(state, Float64Array.from(vectors.gradient), settings, learningRate, layout);
  return state;
}

test.each([
  ['clipped', 1, 2 ** 27],
  ['not clipped', 1e-4, 2 ** 27],
  ['in shards', 1, 4 * 4096],
])('AdamW with a gradient that is %s', async (_, scale, maxBindingBytes) => {
  const vectors = randomVectors(layout, scale);
  const expected = expectedAfter(vectors);
  const before = scalingAfter(4, settings, 1);
  for (const adapter of allVariants(device)) {
    const after = await updated(adapter, layout, settings, vectors, before, { maxBindingBytes });
    expectClose(after.parameters, expected.parameters);
    expectClose(after.firstMoment, expected.firstMoment);
    expectClose(after.secondMoment, expected.secondMoment);
    expect(Math.abs(after.norm / Math.hypot(...vectors.gradient) - 1)).toBeLessThan(1e-5);
    const wanted = scalingAfter(5, settings, 1);
    expect(after.scaling.firstWeight).toBeCloseTo(wanted.firstWeight, 6);
    expect(after.scaling.secondWeight).toBeCloseTo(wanted.secondWeight, 6);
    expect(after.scaling).toMatchObject({ lossScale: 1, appliedSteps: 5, skippedSteps: 0 });
  }
});

describe('loss scaling', () => {
  test('a scaled gradient gives the same update as the gradient', async () => {
    const vectors = randomVectors(layout, 1);
    const scaled = { ...vectors, gradient: vectors.gradient.map((value) => value * 1024) };
    const expected = expectedAfter(vectors);
    for (const adapter of allVariants(device)) {
      const after = await updated(adapter, layout, settings, scaled, scalingAfter(4, settings, 1024));
      expectClose(after.parameters, expected.parameters);
      expectClose(after.secondMoment, expected.secondMoment);
      expect(Math.abs(after.norm / Math.hypot(...vectors.gradient) - 1)).toBeLessThan(1e-5);
    }
  });

  test('doubles after an interval of consecutive finite gradients and restarts its count', async () => {
    const before = { ...scalingAfter(4, settings, 1024), goodSteps: 6 };
    const [adapter = device] = allVariants(device);
    const seventh = await updated(adapter, layout, settings, randomVectors(layout, 1), before, {
      growthInterval: 8,
    });
    expect(seventh.scaling).toMatchObject({ lossScale: 1024, goodSteps: 7, appliedSteps: 5 });
    const eighth = await updated(adapter, layout, settings, randomVectors(layout, 1), seventh.scaling, {
      growthInterval: 8,
    });
    expect(eighth.scaling).toMatchObject({ lossScale: 2048, goodSteps: 0, appliedSteps: 6 });
  });

  test.each([
    ['infinite', Number.POSITIVE_INFINITY],
    ['not a number', Number.NaN],
    ['too large to square', 1e30],
  ])('a gradient that is %s somewhere halves it and changes nothing else', async (_, value) => {
    const vectors = randomVectors(layout, 1);
    vectors.gradient[layout.tensors.at(-1)?.offset ?? 0] = value;
    const before = { ...scalingAfter(4, settings, 1024), goodSteps: 7 };
    for (const adapter of allVariants(device)) {
      const after = await updated(adapter, layout, settings, vectors, before, { growthInterval: 8 });
      expect(after.parameters).toEqual(vectors.parameters);
      expect(after.firstMoment).toEqual(vectors.firstMoment);
      expect(after.secondMoment).toEqual(vectors.secondMoment);
      expect(after.scaling).toEqual({ ...before, lossScale: 512, goodSteps: 0, skippedSteps: 1 });
      const fixed = await updated(adapter, layout, settings, vectors, scalingAfter(4, settings, 1));
      expect(fixed.scaling).toEqual({ ...scalingAfter(4, settings, 1), skippedSteps: 1, stuckSteps: 1 });
    }
  });

  test('never becomes infinite', async () => {
    const before = { ...scalingAfter(4, settings, 2 ** 32), goodSteps: 7 };
    const after = await updated(device, layout, settings, randomVectors(layout, 1), before, {
      growthInterval: 8,
    });
    expect(after.scaling).toMatchObject({ lossScale: 2 ** 32, goodSteps: 0, appliedSteps: 5 });
  });
});
