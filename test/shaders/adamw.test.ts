import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Device } from '../../client/gpu/device.ts';
import { FlatVector } from '../../client/gpu/flat-vector.ts';
import { Readback } from '../../client/gpu/readback.ts';
import { presets } from '../../client/model/config.ts';
import { layoutOf } from '../../client/model/parameters.ts';
import { referenceAdamW } from '../../client/model/reference/adamw.ts';
import { Random } from '../../client/random.ts';
import { decayBlocks, recordUpdate, stepValueCount, writeStepValues } from '../../client/train/optimizer.ts';
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
    const onDevice = (values: Float32Array<ArrayBuffer>) => {
      const made = new FlatVector(device.device, {
        label: '',
        length: layout.length,
        bytesPerElement: 4,
        cuts: [],
      });
      made.write(values);
      return made;
    };
    const flat = {
      gradient: onDevice(gradient),
      parameters: onDevice(parameters),
      firstMoment: onDevice(firstMoment),
      secondMoment: onDevice(secondMoment),
    };
    const results = await runOperation(variant, { stepValues, decays, clipping }, (program, ranges) =>
      recordUpdate(program, { ...flat, ...ranges }, maxBindingBytes),
    );
    const readback = new Readback(device);
    expectClose(await flat.parameters.read(readback), expected.parameters);
    expectClose(await flat.firstMoment.read(readback), expected.firstMoment);
    expectClose(await flat.secondMoment.read(readback), expected.secondMoment);
    readback.close();
    for (const vector of Object.values(flat)) vector.close();
    const norm = Math.hypot(...gradient);
    expect(Math.abs((results('clipping')[0] ?? 0) / norm - 1)).toBeLessThan(1e-5);
  }
});
