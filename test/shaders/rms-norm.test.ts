import { afterAll, beforeAll, test } from 'vitest';
import type { Device } from '../../client/gpu/device.ts';
import {
  rmsNormBackward,
  rmsNormBackwardGain,
  rmsNormForward,
} from '../../client/model/operations/rms-norm.ts';
import { rmsnormBackward, rmsnormForward } from '../../client/model/reference/rmsnorm.ts';
import { openNodeDevice } from '../gpu-node.ts';
import { allVariants, expectClose, onRandomShapes, randomValues, runOperation } from './operation.ts';

let device: Device;
beforeAll(async () => {
  device = await openNodeDevice();
});
afterAll(() => device.close());

test('RMSNorm and its gradients, written and accumulated', () =>
  onRandomShapes({ rows: 43, vectors: 37 }, async ({ rows, vectors }, random) => {
    const width = 4 * vectors;
    const shape = { rows, width, epsilon: 1e-3 };
    const input = randomValues(random, rows * width);
    const gain = randomValues(random, width);
    const outputGradient = randomValues(random, rows * width);
    const already = randomValues(random, rows * width);
    const gainAlready = randomValues(random, width);
    const [x, g, dy] = [input, gain, outputGradient].map((values) => Float64Array.from(values));
    if (!x || !g || !dy) throw new Error('unreachable');
    const output = rmsnormForward(x, g, shape.epsilon);
    const gradient = rmsnormBackward(x, g, dy, shape.epsilon);
    for (const variant of allVariants(device)) {
      for (const accumulate of [true, false]) {
        const values = {
          input,
          gain,
          outputGradient,
          output: new Float32Array(rows * width),
          inverse: new Float32Array(rows),
          inputGradient: already,
          gainGradient: gainAlready,
        };
        const results = await runOperation(variant, values, (program, buffers) => {
          program.record(rmsNormForward, shape, buffers);
          const saved = { ...buffers, savedInverse: buffers.inverse };
          program.record(rmsNormBackward, { ...shape, accumulate }, saved);
          program.record(rmsNormBackwardGain, { ...shape, accumulate }, saved);
        });
        expectClose(results('output'), output);
        const plus = (values: Float64Array, before: Float32Array) =>
          values.map((value, i) => value + (accumulate ? (before[i] ?? 0) : 0));
        expectClose(results('gainGradient'), plus(gradient.gain, gainAlready), 1e-5);
        expectClose(results('inputGradient'), plus(gradient.input, already), 1e-5);
      }
    }
  }));
