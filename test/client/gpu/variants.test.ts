import { expect, test } from 'vitest';
import { variantsFor } from '../../../client/gpu/variants.ts';

test('only a CPU adapter with subgroups of 8 lanes multiplies with them', () => {
  const linear = (software: boolean, subgroupSize: number) => variantsFor({ software, subgroupSize }).linear;
  expect(linear(true, 8)).toBe('subgroupMatmul');
  expect([linear(true, 0), linear(true, 4), linear(false, 8), linear(false, 32)]).toEqual(
    Array(4).fill('matmul'),
  );
});
