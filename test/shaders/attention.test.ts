import { afterAll, beforeAll, test } from 'vitest';
import type { Device } from '../../client/gpu/device.ts';
import { presets } from '../../client/model/config.ts';
import { rotationTable } from '../../client/model/decoder.ts';
import {
  attentionBackwardKeyValue,
  attentionBackwardQuery,
  attentionForward,
} from '../../client/model/operations/attention.ts';
import * as reference from '../../client/model/reference/attention.ts';
import { ropeBackward, ropeForward } from '../../client/model/reference/rope.ts';
import { openNodeDevice } from '../gpu-node.ts';
import { allVariants, expectClose, onRandomShapes, randomValues, runOperation } from './operation.ts';

let device: Device;
beforeAll(async () => {
  device = await openNodeDevice();
});
afterAll(() => device.close());

const theta = presets.nano.ropeTheta;
const bounds = { batch: 3, sequence: 41, share: 3, keyValueHeads: 3, eighths: 2 };

test('rotated grouped-query attention and its gradients', () =>
  onRandomShapes(bounds, async ({ batch, sequence, share, keyValueHeads, eighths }, random) => {
    const heads = share * keyValueHeads;
    const headSize = 8 * eighths;
    const shape = { batch, sequence, heads, keyValueHeads, headSize };
    const rows = batch * sequence;
    const rowWidth = (heads + 2 * keyValueHeads) * headSize;
    const qkv = randomValues(random, rows * rowWidth);
    const outputGradient = randomValues(random, rows * heads * headSize);

    /** The columns of some of the heads of every row. */
    const cut = (values: Float32Array, first: number, count: number) =>
      Float64Array.from({ length: rows * count * headSize }, (_, i) => {
        const row = Math.floor(i / (count * headSize));
        return values[row * rowWidth + first * headSize + (i % (count * headSize))] ?? Number.NaN;
      });
    const parts = (values: Float32Array) => ({
      queries: cut(values, 0, heads),
      keys: cut(values, heads, keyValueHeads),
      values: cut(values, heads + keyValueHeads, keyValueHeads),
    });
    const given = parts(qkv);
    const queries = ropeForward(given.queries, theta, { sequence, heads, headSize });
    const keys = ropeForward(given.keys, theta, { sequence, heads: keyValueHeads, headSize });
    const upstream = Float64Array.from(outputGradient);
    const output = reference.attentionForward(queries, keys, given.values, shape);
    const gradient = reference.attentionBackward(queries, keys, given.values, upstream, shape);

    const config = { ...presets.nano, heads, keyValueHeads, dimension: heads * headSize };
    /** The queries and keys as the projection hands them over: turned. */
    const turned = qkv.map((value, i) => {
      const [row, column] = [Math.floor(i / rowWidth), i % rowWidth];
      const key = column - heads * headSize;
      if (key < 0) return queries[row * heads * headSize + column] ?? Number.NaN;
      if (key < keyValueHeads * headSize) return keys[row * keyValueHeads * headSize + key] ?? Number.NaN;
      return value;
    });
    const buffers = {
      qkv: turned,
      outputGradient,
      rotation: rotationTable(config, sequence),
      output: new Float32Array(output.length),
      logSums: new Float32Array(rows * heads),
      deltas: new Float32Array(rows * heads),
      qkvGradient: new Float32Array(qkv.length),
    };
    for (const variant of allVariants(device)) {
      const results = await runOperation(variant, buffers, (program, bound) => {
        program.record(attentionForward, shape, bound);
        const { output: savedOutput, logSums: savedLogSums, deltas: savedDeltas } = bound;
        const saved = { ...bound, savedOutput, savedLogSums, savedDeltas };
        program.record(attentionBackwardQuery, shape, saved);
        program.record(attentionBackwardKeyValue, shape, saved);
      });
      const actual = parts(results('qkvGradient'));
      const keyShape = { sequence, heads: keyValueHeads, headSize };
      expectClose(results('output'), output, 1e-5);
      // Where each place sees itself only, these gradients are 0: their error is told beside the values' gradient.
      const beside = (part: Float64Array, values: Float64Array) => Float64Array.from([...part, ...values]);
      expectClose(
        Float32Array.from(beside(actual.queries, actual.values)),
        beside(ropeBackward(gradient.queries, theta, { sequence, heads, headSize }), gradient.values),
        1e-4,
      );
      expectClose(
        Float32Array.from(beside(actual.keys, actual.values)),
        beside(ropeBackward(gradient.keys, theta, keyShape), gradient.values),
        1e-4,
      );
      expectClose(Float32Array.from(actual.values), gradient.values, 1e-5);
    }
  }));
