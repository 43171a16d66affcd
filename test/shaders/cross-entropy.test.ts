import { afterAll, beforeAll, expect, test } from 'vitest';
import { ignoredTarget } from '../../client/data/batch.ts';
import type { Device } from '../../client/gpu/device.ts';
import { crossEntropy } from '../../client/model/operations/cross-entropy.ts';
import { crossEntropyBackward, crossEntropyForward } from '../../client/model/reference/cross-entropy.ts';
import { openNodeDevice } from '../gpu-node.ts';
import { allVariants, expectClose, onRandomShapes, randomValues, runOperation } from './operation.ts';

let device: Device;
beforeAll(async () => {
  device = await openNodeDevice();
});
afterAll(() => device.close());

test('softmax cross-entropy and its gradient, ignored targets among the rows', () =>
  onRandomShapes({ rows: 41, vectors: 70, spread: 40 }, async ({ rows, vectors, spread }, random) => {
    const vocabulary = 4 * vectors;
    const logits = randomValues(random, rows * vocabulary).map((value) => value * spread);
    const targets = Uint32Array.from({ length: rows }, (_, row) =>
      row > 0 && random.below(3) === 0 ? ignoredTarget : random.below(vocabulary),
    );
    const { loss, tokens } = crossEntropyForward(Float64Array.from(logits), targets, vocabulary);
    const gradient = crossEntropyBackward(Float64Array.from(logits), targets, vocabulary);
    for (const variant of allVariants(device)) {
      const stepValues = new Float32Array(12).fill(1 / tokens);
      const scaling = new Float32Array([8]);
      const values = { logits, targets, stepValues, scaling, losses: new Float32Array(rows) };
      const results = await runOperation(variant, values, (program, buffers) =>
        program.record(crossEntropy, { rows, vocabulary }, buffers),
      );
      const sum = results('losses').reduce((total, value) => total + value, 0);
      expect(sum / tokens).toBeCloseTo(loss, 3);
      expectClose(
        results('logits').map((value) => value / 8),
        gradient,
        2e-5,
      );
      targets.forEach((target, row) => {
        if (target === ignoredTarget) expect(results('losses')[row]).toBe(0);
      });
    }
  }));
