import { expect, test } from 'vitest';
import { batches, benchConfig, configs, gptSize, stepFlops } from '../../bench/step/workload.ts';
import { layoutOf } from '../../client/model/parameters.ts';

const workload = { config: benchConfig, batch: 4, sequence: 128, storage: 'f32' } as const;

test("the bench's model is as deep and wide as the peers' GPT, and as large within 2%", () => {
  const { trained } = layoutOf(benchConfig);
  expect(gptSize(workload)).toBe(443_008);
  expect(Math.abs(trained / gptSize(workload) - 1)).toBeLessThan(0.02);
  expect(benchConfig).toMatchObject({
    layers: 2,
    dimension: 128,
    heads: 4,
    keyValueHeads: 4,
    vocabularySize: 256,
  });
});

test('a step takes six operations for each weight and token, plus those of causal attention', () => {
  const matrices = layoutOf(benchConfig).tensors.filter(({ shape }) => shape.length === 2);
  const weights = matrices.reduce((sum, { size }) => sum + size, 0);
  // Scores and their use, forward and twice backward, over half of the square: 3 * 2 * 2 * T^2 / 2 * width a layer.
  const attention = 4 * benchConfig.layers * 6 * 128 ** 2 * benchConfig.dimension;
  expect(stepFlops(workload)).toBe(512 * 6 * weights + attention);
});

test('an untied head takes no more operations than a tied one, because an embedding is only looked up', () => {
  const apart = { ...workload, config: { ...benchConfig, tiedHead: false } };
  expect(stepFlops(apart)).toBe(stepFlops(workload));
});

test('all contenders get the same batches, in which the next token can be learned', () => {
  const [mine, theirs] = [batches(workload), batches(workload)];
  for (let step = 0; step < 3; step++) {
    const { inputs, targets } = mine.next().value;
    expect(theirs.next().value).toEqual({ inputs, targets });
    expect(inputs).toHaveLength(512);
    inputs.forEach((token, row) => {
      expect(token).toBeLessThan(256);
      expect(((targets[row] ?? 0) - token * 5 - 17) & 255).toBeLessThan(4);
      if (row % 128 > 0) expect(token).toBe(targets[row - 1]);
    });
  }
  expect(mine.next().value).not.toEqual(batches(workload).next().value);
});

test('the bench can measure the presets', () => {
  expect(Object.keys(configs)).toEqual(['bench', 'nano', 'micro', 'mini', 'small', 'base']);
});

test('packed windows have the same tokens, in documents of half to one and a half times the mean', () => {
  const plain = batches(workload).next().value;
  const {
    inputs,
    targets,
    documents = new Uint32Array(),
  } = batches({ ...workload, packed: 20 }).next().value;
  expect({ inputs, targets }).toEqual(plain);
  const lengths: number[] = [];
  for (let row = 0; row < 512; row++) {
    const start = documents[row] ?? Number.NaN;
    if (start === row % 128) lengths.push(1);
    else {
      expect(start).toBe(documents[row - 1]);
      lengths.push((lengths.pop() ?? 0) + 1);
    }
  }
  expect(lengths.every((length) => length <= 30)).toBe(true);
  // The windows' last documents are cut.
  expect(lengths.filter((length) => length < 10).length).toBeLessThanOrEqual(4);
});
