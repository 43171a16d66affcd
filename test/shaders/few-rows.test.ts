import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Device } from '../../client/gpu/device.ts';
import { siteOf } from '../../client/gpu/operation.ts';
import { linearForward } from '../../client/model/operations/linear.ts';
import { matmulForward } from '../../client/model/reference/matmul.ts';
import { openNodeDevice } from '../support/gpu-node.ts';
import { allVariants, expectClose, onRandomShapes, randomValues, runOperation } from './operation.ts';

let device: Device;
beforeAll(async () => {
  device = await openNodeDevice();
});
afterAll(() => device.close());

// The layer is deeper than a workgroup has lanes, so each lane adds more than one part.
test.each([1, 2, 3, 4, 7])(
  'a linear layer of %i rows agrees with the reference by the variant for few rows',
  (rows) =>
    onRandomShapes({ depth: 150, width: 9 }, async ({ depth, width }, random) => {
      const inputs = 4 * depth;
      for (const kind of ['plain', 'swiglu'] as const) {
        const outputs = kind === 'plain' ? 4 * width : 8 * width;
        const shape = { rows, inputs, outputs, epilogue: { kind } };
        const left = randomValues(random, rows * inputs);
        const right = randomValues(random, outputs * inputs);
        const expected = matmulForward(Float64Array.from(left), Float64Array.from(right), rows);
        for (const form of allVariants(device)) {
          const { variant } = siteOf(linearForward, shape, form, 'f32').guess;
          expect(variant.startsWith('few rows')).toBe(rows <= 4 || !form.software);
          const empty = () => new Float32Array(rows * outputs);
          const values = { left, right, addend: left, rotation: left, product: empty(), activated: empty() };
          const results = await runOperation(form, values, (program, buffers) =>
            program.record(linearForward, shape, buffers),
          );
          expectClose(results('product'), expected);
          if (kind === 'plain') continue;
          const activated = results('activated').subarray(0, (rows * outputs) / 2);
          const gated = Float64Array.from(activated, (_, i) => {
            const at = Math.floor(i / (outputs / 2)) * outputs + (i % (outputs / 2));
            const [gate = 0, up = 0] = [expected[at], expected[at + outputs / 2]];
            return (gate / (1 + Math.exp(-gate))) * up;
          });
          expectClose(activated, gated, 1e-5);
        }
      }
    }),
);
