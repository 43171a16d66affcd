import { expect, test } from 'vitest';
import { fixedPointCodec } from '../../../bench/convergence/fixed-point.ts';

const vector = (...values: number[]) => new Float32Array(values);

test('32 bits hold a delta almost exactly', () => {
  const codec = fixedPointCodec(1);
  const values = vector(0.1, -1e-6, 0);
  const decoded = new Float32Array(3);
  const payload = codec.encode(values, decoded);
  expect(payload).toHaveLength(12);
  for (const [i, value] of values.entries())
    expect(Math.abs((decoded[i] ?? 1) - value)).toBeLessThan(2 ** -28);
  const { integers } = codec.decodeSlice(payload, 3, 0);
  expect([...integers].map((integer) => Math.fround(integer * codec.unit))).toEqual([...decoded]);
});
