import { afterAll, beforeAll, test } from 'vitest';
import type { Device } from '../../client/gpu/device.ts';
import { swigluBackward, swigluForward } from '../../client/model/operations.ts';
import * as reference from '../../client/model/reference/swiglu.ts';
import { openNodeDevice } from '../gpu-node.ts';
import { expectClose, onRandomShapes, randomValues, runOperation } from './operation.ts';

let device: Device;
beforeAll(async () => {
  device = await openNodeDevice();
});
afterAll(() => device.close());

test('SwiGLU and the gradients of gate and up', () =>
  onRandomShapes({ rows: 31, vectors: 29 }, async ({ rows, vectors }, random) => {
    const width = 4 * vectors;
    const projected = randomValues(random, rows * 2 * width);
    const outputGradient = randomValues(random, rows * width);
    const columns = (from: number) =>
      Float64Array.from({ length: rows * width }, (_, i) => {
        return projected[Math.floor(i / width) * 2 * width + from + (i % width)] ?? Number.NaN;
      });
    const gate = columns(0);
    const up = columns(width);
    const gradient = reference.swigluBackward(gate, up, Float64Array.from(outputGradient));
    const joined = Float64Array.from({ length: rows * 2 * width }, (_, i) => {
      const column = i % (2 * width);
      const half = column < width ? gradient.gate : gradient.up;
      return half[Math.floor(i / (2 * width)) * width + (column % width)] ?? Number.NaN;
    });
    const output = new Float32Array(rows * width);
    const values = {
      projected,
      outputGradient,
      output,
      projectedGradient: new Float32Array(projected.length),
    };
    const results = await runOperation(device, values, (program, buffers) => {
      swigluForward(program, buffers, { rows, width });
      swigluBackward(program, buffers, { rows, width });
    });
    expectClose(results('output'), reference.swigluForward(gate, up));
    expectClose(results('projectedGradient'), joined);
  }));
