import { expect, test } from 'vitest';
import { orthogonalize, referenceMuon } from '../../../../client/model/reference/muon.ts';
import { at, dot } from '../../../../client/model/reference/vector.ts';
import { Random } from '../../../../client/random.ts';
import { randomValues } from './gradient-check.ts';

const quintic = (x: number) => 3.4445 * x - 4.775 * x ** 3 + 2.0315 * x ** 5;

test('a diagonal matrix keeps its directions, and the quintic is applied five times to each singular value', () => {
  const values = Float64Array.of(3, 0, 0, 0, 0, 4);
  const { values: moved, rows, columns } = orthogonalize({ values, rows: 3, columns: 2 });
  const expected = [3 / 5, 4 / 5].map((value) => {
    let x = value;
    for (let i = 0; i < 5; i++) x = quintic(x);
    return x;
  });
  expect([rows, columns]).toEqual([3, 2]);
  expect(at(moved, 0)).toBeCloseTo(expected[0] ?? Number.NaN, 12);
  expect(at(moved, 5)).toBeCloseTo(expected[1] ?? Number.NaN, 12);
  expect([1, 2, 3, 4].map((i) => at(moved, i))).toEqual([0, 0, 0, 0]);
});

test.each([
  [5, 9],
  [9, 5],
  [6, 6],
])('rows or columns of a random %i x %i matrix become nearly orthonormal', (rows, columns) => {
  const values = randomValues(rows * columns, Random.seeded(rows));
  const { values: moved } = orthogonalize({ values, rows, columns });
  const line = (i: number) =>
    rows <= columns
      ? moved.slice(i * columns, (i + 1) * columns)
      : moved.filter((_, at_) => at_ % columns === i);
  for (let i = 0; i < Math.min(rows, columns); i++) {
    expect(Math.sqrt(dot(line(i), line(i)))).toBeGreaterThan(0.5);
    expect(Math.sqrt(dot(line(i), line(i)))).toBeLessThan(1.3);
    for (let j = 0; j < i; j++) expect(Math.abs(dot(line(i), line(j)))).toBeLessThan(0.5);
  }
});

test('zeros stay zeros', () => {
  const values = new Float64Array(6);
  expect(orthogonalize({ values, rows: 2, columns: 3 }).values).toEqual(values);
});

test('two steps on one value agree with the equations worked by hand', () => {
  let one = 1;
  for (let i = 0; i < 5; i++) one = quintic(one);
  const parameters = Float64Array.of(0.5);
  const momentum = new Float64Array(1);
  const matrix = { values: parameters, rows: 1, columns: 1 };
  const settings = { momentum: 0.95, weightDecay: 0.1 };
  referenceMuon(matrix, momentum, Float64Array.of(2), settings, 0.01);
  expect(at(momentum, 0)).toBe(2);
  const after = 0.5 - 0.01 * (0.2 * one + 0.1 * 0.5);
  expect(at(parameters, 0)).toBeCloseTo(after, 14);
  // Momentum 0.95 * 2 - 3 = -1.1; the direction -3 + 0.95 * -1.1 is negative, and so is its sign.
  referenceMuon(matrix, momentum, Float64Array.of(-3), settings, 0.01);
  expect(at(momentum, 0)).toBeCloseTo(-1.1, 14);
  expect(at(parameters, 0)).toBeCloseTo(after - 0.01 * (-0.2 * one + 0.1 * after), 14);
});
