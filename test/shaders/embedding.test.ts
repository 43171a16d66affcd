import { afterAll, beforeAll, test } from 'vitest';
import type { Device } from '../../client/gpu/device.ts';
import { embeddingBackward, embeddingForward } from '../../client/model/operations/embedding.ts';
import * as reference from '../../client/model/reference/embedding.ts';
import { BatchBuffers } from '../../client/train/batch-buffers.ts';
import { openNodeDevice } from '../gpu-node.ts';
import { expectClose, onRandomShapes, randomValues, runOperation } from './operation.ts';

let device: Device;
beforeAll(async () => {
  device = await openNodeDevice();
});
afterAll(() => device.close());

test('the rows of tokens, and the table gradient, written and accumulated', () =>
  onRandomShapes({ rows: 60, vocabulary: 23, vectors: 9 }, async ({ rows, vocabulary, vectors }, random) => {
    const width = 4 * vectors;
    const shape = { rows, vocabulary, width };
    const inputs = Uint32Array.from({ length: rows }, () => random.below(vocabulary));
    const batch = new BatchBuffers(device, { batch: 1, sequence: rows }, vocabulary);
    batch.upload({ inputs, targets: inputs });
    const table = randomValues(random, vocabulary * width);
    const outputGradient = randomValues(random, rows * width);
    const already = randomValues(random, vocabulary * width);
    const values = {
      table,
      outputGradient,
      output: new Float32Array(rows * width),
      written: already,
      accumulated: already,
    };
    const results = await runOperation(device, values, (program, buffers) => {
      program.record(embeddingForward, shape, { ...buffers, tokens: batch.tokens });
      const { order, starts } = batch;
      const { outputGradient, written, accumulated } = buffers;
      const bindings = { order, starts, outputGradient };
      program.record(embeddingBackward, shape, { ...bindings, tableGradient: written });
      const adding = { ...shape, accumulate: true };
      program.record(embeddingBackward, adding, { ...bindings, tableGradient: accumulated });
    });
    const gradient = reference.embeddingBackward(inputs, Float64Array.from(outputGradient), shape);
    expectClose(results('output'), reference.embeddingForward(inputs, Float64Array.from(table), width));
    expectClose(results('written'), gradient);
    expectClose(
      results('accumulated'),
      gradient.map((value, i) => value + (already[i] ?? 0)),
    );
    batch.close();
  }));
