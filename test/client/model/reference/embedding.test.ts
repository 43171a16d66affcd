import { expect, test } from 'vitest';
import { embeddingBackward, embeddingForward } from '../../../../client/model/reference/embedding.ts';
import { dot } from '../../../../client/model/reference/vector.ts';
import { Random } from '../../../../client/random.ts';
import { expectGradient, randomValues } from './gradient-check.ts';

test("the output's rows are the table's rows of the tokens", () => {
  const table = Float64Array.of(1, 2, 3, 4, 5, 6);
  expect([...embeddingForward(Uint32Array.of(2, 0, 2), table, 2)]).toEqual([5, 6, 1, 2, 5, 6]);
});

test('a repeated token sums its gradients, an absent one has none', () => {
  const random = Random.seeded(1);
  const tokens = Uint32Array.of(3, 1, 3, 0);
  const table = randomValues(5 * 3, random);
  const outputGradient = randomValues(tokens.length * 3, random);
  const gradient = embeddingBackward(tokens, outputGradient, { vocabulary: 5, width: 3 });
  expectGradient(table, gradient, () => dot(embeddingForward(tokens, table, 3), outputGradient));
  expect([...gradient.subarray(6, 9)]).toEqual([0, 0, 0]);
});

test('a token outside the table throws', () => {
  expect(() => embeddingForward(Uint32Array.of(2), Float64Array.of(1, 2), 1)).toThrow(RangeError);
});
