import fc from 'fast-check';
import { expect, test } from 'vitest';
import { livelyParameters } from '../../../../bench/lively-parameters.ts';
import { CpuDecoder } from '../../../../client/model/generate/cpu-decoder.ts';
import { layoutOf } from '../../../../client/model/parameters.ts';
import { smallConfig as config, referenceLogits } from '../../../support/lively-model.ts';

test('the CPU decoder agrees with the reference at every position', async () => {
  const shapes = fc.record({
    layers: fc.integer({ min: 1, max: 2 }),
    keyValueHeads: fc.integer({ min: 1, max: 2 }),
    group: fc.integer({ min: 1, max: 3 }),
    half: fc.integer({ min: 1, max: 4 }),
    beyond: fc.integer({ min: 0, max: 3 }),
    tiedHead: fc.boolean(),
  });
  const prompts = fc.array(fc.integer({ min: 0, max: 10 }), { minLength: 1, maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(shapes, prompts, fc.nat(), async ({ group, half, beyond, ...sizes }, tokens, seed) => {
      const heads = group * sizes.keyValueHeads;
      const widths = { headSize: 2 * half, dimension: heads * 2 * half + beyond };
      const shape = { ...config, ...sizes, heads, ...widths };
      const values = livelyParameters(shape, seed);
      const decoder = new CpuDecoder(shape, layoutOf(shape), values);
      for (const [i, token] of tokens.entries()) {
        const [logits] = await decoder.append([{ sequence: 0, tokens: [token] }]);
        const expected = referenceLogits(shape, values, tokens.slice(0, i + 1));
        logits?.forEach((logit, v) => {
          expect(Math.abs(logit - (expected[v] ?? 0))).toBeLessThan(1e-4);
        });
      }
    }),
    { numRuns: 25 },
  );
});

test('sequences do not affect each other, and a cleared one starts at position 0', async () => {
  const layout = layoutOf(config);
  const parameters = livelyParameters(config, 3);
  const together = new CpuDecoder(config, layout, parameters, 2);
  await together.append([{ sequence: 1, tokens: [1, 2, 3] }]);
  together.clear(1);
  await together.append([
    { sequence: 0, tokens: [5, 6] },
    { sequence: 1, tokens: [7, 8, 9, 10] },
  ]);
  const logits = await together.append([
    { sequence: 1, tokens: [4] },
    { sequence: 0, tokens: [3] },
  ]);
  expect([together.lengthOf(0), together.lengthOf(1)]).toEqual([3, 5]);
  for (const [i, tokens] of [
    [7, 8, 9, 10, 4],
    [5, 6, 3],
  ].entries()) {
    const alone = new CpuDecoder(config, layout, parameters);
    expect(logits[i]).toEqual((await alone.append([{ sequence: 0, tokens }]))[0]);
  }
});

test('the decoder refuses input that it cannot read', async () => {
  const decoder = new CpuDecoder(config, layoutOf(config), livelyParameters(config, 3));
  await expect(decoder.append([{ sequence: 0, tokens: [11] }])).rejects.toThrow('vocabulary');
  await expect(decoder.append([{ sequence: 0, tokens: [] }])).rejects.toThrow('no tokens');
  await expect(decoder.append([{ sequence: 1, tokens: [1] }])).rejects.toThrow('sequences');
  await decoder.append([{ sequence: 0, tokens: [1, 2, 3, 4, 5, 6, 7] }]);
  await expect(decoder.append([{ sequence: 0, tokens: [1, 2] }])).rejects.toThrow('full');
});
