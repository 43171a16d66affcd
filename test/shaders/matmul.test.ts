import { afterAll, beforeAll, test } from 'vitest';
import type { Device } from '../../client/gpu/device.ts';
import { linearBackward, linearForward } from '../../client/model/operations.ts';
import { matmulBackward, matmulForward } from '../../client/model/reference/matmul.ts';
import { openNodeDevice } from '../gpu-node.ts';
import { allVariants, expectClose, onRandomShapes, randomValues, runOperation } from './operation.ts';

let device: Device;
beforeAll(async () => {
  device = await openNodeDevice();
});
afterAll(() => device.close());

const bounds = { rows: 37, inputs: 12, outputs: 21 };

test('a linear layer, with and without an addend', () =>
  onRandomShapes(bounds, async ({ rows, inputs, outputs }, random) => {
    const shape = { rows, inputs: 4 * inputs, outputs: 4 * outputs };
    const input = randomValues(random, rows * shape.inputs);
    const weight = randomValues(random, shape.outputs * shape.inputs);
    const addend = randomValues(random, rows * shape.outputs);
    const zeros = new Float32Array(addend.length);
    const expected = matmulForward(Float64Array.from(input), Float64Array.from(weight), rows);
    for (const variant of allVariants(device)) {
      const values = { input, weight, addend, plain: zeros, added: zeros };
      const results = await runOperation(variant, values, (program, buffers) => {
        const { input, weight, plain } = buffers;
        linearForward(program, { input, weight, output: plain }, shape);
        linearForward(program, { ...buffers, output: buffers.added }, shape);
      });
      expectClose(results('plain'), expected);
      expectClose(
        results('added'),
        expected.map((value, i) => value + (addend[i] ?? 0)),
      );
    }
  }));

test('the gradients of its input and weight', () =>
  onRandomShapes(bounds, async ({ rows, inputs, outputs }, random) => {
    const shape = { rows, inputs: 4 * inputs, outputs: 4 * outputs };
    const input = randomValues(random, rows * shape.inputs);
    const weight = randomValues(random, shape.outputs * shape.inputs);
    const outputGradient = randomValues(random, rows * shape.outputs);
    const expected = matmulBackward(
      Float64Array.from(input),
      Float64Array.from(weight),
      Float64Array.from(outputGradient),
      rows,
    );
    for (const variant of allVariants(device)) {
      const inputGradient = new Float32Array(input.length);
      const weightGradient = new Float32Array(weight.length);
      const values = { input, weight, outputGradient, inputGradient, weightGradient };
      const results = await runOperation(variant, values, (program, buffers) =>
        linearBackward(program, buffers, shape),
      );
      expectClose(results('inputGradient'), expected.input);
      expectClose(results('weightGradient'), expected.weight);
    }
  }));
