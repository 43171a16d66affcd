import { afterAll, beforeAll, test } from 'vitest';
import type { Device } from '../../client/gpu/device.ts';
import { presets } from '../../client/model/config.ts';
import { rotationTable } from '../../client/model/decoder.ts';
import {
  type ForwardEpilogue,
  linearBackwardInput,
  linearBackwardWeight,
  linearForward,
} from '../../client/model/operations/linear.ts';
import { matmulBackward, matmulForward } from '../../client/model/reference/matmul.ts';
import { ropeForward } from '../../client/model/reference/rope.ts';
import { swigluBackward, swigluForward } from '../../client/model/reference/swiglu.ts';
import type { Random } from '../../client/random.ts';
import { openNodeDevice } from '../gpu-node.ts';
import { allVariants, expectClose, onRandomShapes, randomValues, runOperation } from './operation.ts';

let device: Device;
beforeAll(async () => {
  device = await openNodeDevice();
});
afterAll(() => device.close());

const bounds = { rows: 37, inputs: 12, outputs: 21 };
const f64 = (values: Float32Array) => Float64Array.from(values);

/** Columns `from` to `from + count` of rows of `width`. */
function columns(values: Float64Array, width: number, from: number, count: number): Float64Array {
  return Float64Array.from({ length: (values.length / width) * count }, (_, i) => {
    return values[Math.floor(i / count) * width + from + (i % count)] ?? Number.NaN;
  });
}

/** One forward product on every variant: product and SwiGLU's output. */
async function forward(
  shape: { rows: number; inputs: number; outputs: number },
  epilogue: ForwardEpilogue,
  random: Random,
  check: (
    results: { product: Float32Array; activated: Float32Array },
    given: { sums: Float64Array; addend: Float64Array },
  ) => void,
): Promise<void> {
  const { rows, inputs, outputs } = shape;
  const left = randomValues(random, rows * inputs);
  const right = randomValues(random, outputs * inputs);
  const addend = randomValues(random, rows * outputs);
  const headSize = epilogue.kind === 'rotary' ? epilogue.headSize : 8;
  const config = { ...presets.nano, heads: 1, dimension: headSize };
  const rotation = rotationTable(config, epilogue.kind === 'rotary' ? epilogue.sequence : 1);
  const sums = matmulForward(f64(left), f64(right), rows);
  for (const variant of allVariants(device)) {
    const product = new Float32Array(rows * outputs);
    const activated = new Float32Array(rows * outputs);
    const values = { left, right, addend, rotation, product, activated };
    const results = await runOperation(variant, values, (program, buffers) =>
      program.record(linearForward, { ...shape, epilogue }, buffers),
    );
    check({ product: results('product'), activated: results('activated') }, { sums, addend: f64(addend) });
  }
}

test('a linear layer', () =>
  onRandomShapes(bounds, ({ rows, inputs, outputs }, random) =>
    forward(
      { rows, inputs: 4 * inputs, outputs: 4 * outputs },
      { kind: 'plain' },
      random,
      ({ product }, { sums }) => expectClose(product, sums),
    ),
  ));

test('a linear layer and an addend', () =>
  onRandomShapes(bounds, ({ rows, inputs, outputs }, random) =>
    forward(
      { rows, inputs: 4 * inputs, outputs: 4 * outputs },
      { kind: 'addend' },
      random,
      ({ product }, { sums, addend }) =>
        expectClose(
          product,
          sums.map((sum, i) => sum + (addend[i] ?? 0)),
        ),
    ),
  ));

test('a linear layer that turns queries and keys to their positions', () =>
  onRandomShapes(
    { batch: 3, sequence: 11, inputs: 6, keyValueHeads: 2, share: 2, eighths: 3 },
    ({ batch, sequence, inputs, keyValueHeads, share, eighths }, random) => {
      const headSize = 8 * eighths;
      const turnedHeads = (share + 1) * keyValueHeads;
      const heads = turnedHeads + keyValueHeads;
      const shape = { rows: batch * sequence, inputs: 4 * inputs, outputs: heads * headSize };
      const epilogue = { kind: 'rotary', headSize, turnedHeads, sequence } as const;
      return forward(shape, epilogue, random, ({ product }, { sums }) => {
        const width = turnedHeads * headSize;
        const turned = ropeForward(columns(sums, shape.outputs, 0, width), presets.nano.ropeTheta, {
          sequence,
          heads: turnedHeads,
          headSize,
        });
        const values = columns(sums, shape.outputs, width, shape.outputs - width);
        const actual = f64(product);
        expectClose(Float32Array.from(columns(actual, shape.outputs, 0, width)), turned);
        expectClose(Float32Array.from(columns(actual, shape.outputs, width, shape.outputs - width)), values);
      });
    },
  ));

test('a linear layer that also gates', () =>
  onRandomShapes(bounds, ({ rows, inputs, outputs }, random) => {
    const width = 4 * outputs;
    const shape = { rows, inputs: 4 * inputs, outputs: 2 * width };
    return forward(shape, { kind: 'swiglu' }, random, ({ product, activated }, { sums }) => {
      const gated = swigluForward(columns(sums, 2 * width, 0, width), columns(sums, 2 * width, width, width));
      expectClose(product, sums);
      expectClose(activated.subarray(0, rows * width), gated, 1e-5);
    });
  }));

test('the gradients of its input and weight, written and accumulated', () =>
  onRandomShapes(bounds, async ({ rows, inputs, outputs }, random) => {
    const shape = { rows, inputs: 4 * inputs, outputs: 4 * outputs };
    const input = randomValues(random, rows * shape.inputs);
    const weight = randomValues(random, shape.outputs * shape.inputs);
    const left = randomValues(random, rows * shape.outputs);
    const already = {
      input: randomValues(random, input.length),
      weight: randomValues(random, weight.length),
    };
    const expected = matmulBackward(f64(input), f64(weight), f64(left), rows);
    for (const variant of allVariants(device)) {
      for (const accumulate of [false, true]) {
        const values = { input, weight, left, product: already.input, weightGradient: already.weight };
        const results = await runOperation(variant, values, (program, buffers) => {
          const { left, input, weight, product, weightGradient } = buffers;
          const epilogue = accumulate ? 'accumulate' : 'plain';
          const bindings = { left, right: weight, projected: left, product };
          program.record(linearBackwardInput, { ...shape, epilogue }, bindings);
          const ofWeight = { left, right: input, weightGradient };
          program.record(linearBackwardWeight, { ...shape, accumulate }, ofWeight);
        });
        const plus = (values: Float64Array, before: Float32Array) =>
          values.map((value, i) => value + (accumulate ? (before[i] ?? 0) : 0));
        expectClose(results('product'), plus(expected.input, already.input));
        expectClose(results('weightGradient'), plus(expected.weight, already.weight));
      }
    }
  }));

test('the gradients of gate and up', () =>
  onRandomShapes(bounds, async ({ rows, inputs, outputs }, random) => {
    const width = 4 * inputs;
    const shape = { rows, inputs: width, outputs: 4 * outputs };
    const projected = randomValues(random, rows * 2 * width);
    const right = randomValues(random, shape.outputs * width);
    const left = randomValues(random, rows * shape.outputs);
    const { input } = matmulBackward(new Float64Array(rows * width), f64(right), f64(left), rows);
    const [gate, up] = [0, width].map((from) => columns(f64(projected), 2 * width, from, width));
    if (!gate || !up) throw new Error('unreachable');
    const gradient = swigluBackward(gate, up, input);
    for (const variant of allVariants(device)) {
      const values = { left, right, projected, product: new Float32Array(projected.length) };
      const results = await runOperation(variant, values, (program, buffers) =>
        program.record(linearBackwardInput, { ...shape, epilogue: 'swiglu' }, buffers),
      );
      const product = f64(results('product'));
      expectClose(Float32Array.from(columns(product, 2 * width, 0, width)), gradient.gate, 1e-5);
      expectClose(Float32Array.from(columns(product, 2 * width, width, width)), gradient.up, 1e-5);
    }
  }));
