import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type MergedModels, mergeModels } from '../../../../client/derive/merge/merge.ts';
import type { MergeMethod, TiesMerge } from '../../../../client/derive/merge/method.ts';
import { keepLargest } from '../../../../client/derive/merge/ties.ts';
import { layTensors } from '../../../../client/model/parameters.ts';
import { Random } from '../../../../client/random.ts';
import formats from '../../../support/oracle/formats.json' with { type: 'json' };
import { oracleTensor, unit } from '../../../support/oracle/oracle.ts';

const layout = layTensors([{ name: 'w', shape: [4, 6] }]);

/** The oracle's values in a vector of the layout. */
function placed(values: ArrayLike<number>): Float32Array<ArrayBuffer> {
  const vector = new Float32Array(layout.length);
  vector.set(values);
  return vector;
}
const merged = (models: Omit<MergedModels, 'layout'>, method: MergeMethod, at = layout) =>
  mergeModels({ layout: at, ...models }, () => method);

const base = oracleTensor(24, 801, 1);
// The oracle adds in float64; a float32 model differs by its rounding, which is far below the tolerance.
const models = [802, 803, 804].map((stream) =>
  placed(base.map((value, i) => value + Math.fround(0.5 * unit(i, stream)))),
);
const thirds = [1, 1, 1];

function expectNear(actual: Float32Array, expected: readonly number[]): void {
  expected.forEach((value, i) => {
    expect(Math.abs((actual[i] ?? Number.NaN) - value), `value ${i}`).toBeLessThan(1e-6);
  });
}

const usual = { weights: thirds, densities: [0.5, 0.5, 0.5], normalize: true, lambda: 1, seed: 1 };

test('linear, SLERP and TIES give the numbers of the oracle', () => {
  const { linear, slerp, ties } = formats.merging;
  expectNear(merged({ models }, { kind: 'linear', weights: thirds, normalize: true }), linear);
  const two = models.slice(0, 2);
  expectNear(merged({ models: two }, { kind: 'slerp', fraction: slerp.fraction }), slerp.result);
  expectNear(merged({ models, base: placed(base) }, { ...usual, kind: 'ties' }), ties.result);
});

test('TIES keeps exactly the largest share of a difference, and of equal values the first', () => {
  const differences = fc.array(fc.integer({ min: -4, max: 4 }), { maxLength: 40 });
  fc.assert(
    fc.property(differences, fc.double({ min: 0, max: 1, noNaN: true }), (values, density) => {
      const order = [...values.keys()].sort(
        (a, b) => Math.abs(values[b] ?? 0) - Math.abs(values[a] ?? 0) || a - b,
      );
      const first = new Set(order.slice(0, Math.floor(density * values.length)));
      const expected = values.map((value, at) => (first.has(at) ? value : 0));
      expect([...keepLargest(Float64Array.from(values), density)]).toEqual(expected);
    }),
  );
});

test('the ends of SLERP are its models, and a model with itself stays as it is', () => {
  const [first = base, second = base] = models;
  const at = (fraction: number, other = second) =>
    merged({ models: [first, other] }, { kind: 'slerp', fraction });
  expectNear(at(0), [...first.subarray(0, 24)]);
  expectNear(at(1), [...second.subarray(0, 24)]);
  expectNear(at(0.4, first), [...first.subarray(0, 24)]);
  const zero = placed([]);
  expect(merged({ models: [zero, zero] }, { kind: 'slerp', fraction: 0.5 })).toEqual(zero);
});

test('with a density of 1 and no conflict of signs, TIES and DARE add the mean difference', () => {
  const vectors = fc.array(fc.float({ min: Math.fround(0.01), max: 1, noNaN: true }), {
    minLength: 24,
    maxLength: 24,
  });
  fc.assert(
    fc.property(vectors, vectors, (one, other) => {
      const own = [one, other].map((difference) =>
        placed(base.map((value, i) => value + (difference[i] ?? 0))),
      );
      const whole = { ...usual, weights: [1, 1], densities: [1, 1] };
      const mean = merged({ models: own }, { kind: 'linear', weights: [1, 1], normalize: true });
      for (const kind of ['ties', 'dare-ties'] as const)
        expectNear(merged({ models: own, base: placed(base) }, { ...whole, kind }), [
          ...mean.subarray(0, 24),
        ]);
    }),
    { numRuns: 30 },
  );
});

test('DARE keeps the drawn share, keeps the mean, and repeats by its seed', () => {
  const large = layTensors([
    { name: 'a', shape: [100, 100] },
    { name: 'b', shape: [100, 100] },
  ]);
  const random = Random.seeded(1);
  const own = [Float32Array.from({ length: large.length }, () => 1 + random.uniform())];
  const start = new Float32Array(large.length);
  const drawn = (seed: number) => {
    const method: TiesMerge = {
      ...usual,
      kind: 'dare-ties',
      weights: [1],
      densities: [0.3],
      normalize: false,
      seed,
    };
    return merged({ models: own, base: start }, method, large);
  };
  const values = drawn(7);
  expect(drawn(7)).toEqual(values);
  expect(drawn(8)).not.toEqual(values);
  expect(values.slice(0, 10_000)).not.toEqual(values.slice(10_112, 20_112));
  const kept = values.filter((value) => value !== 0).length / 20_000;
  expect(Math.abs(kept - 0.3)).toBeLessThan(0.02);
  const sum = (vector: Float32Array) => vector.reduce((all, value) => all + value, 0);
  const [first = start] = own;
  expect(Math.abs(sum(values) / sum(first) - 1)).toBeLessThan(0.05);
});

test.each<[string, Omit<MergedModels, 'layout'>, MergeMethod]>([
  ['no model', { models: [] }, { kind: 'linear', weights: [], normalize: true }],
  [
    'weights that cancel',
    { models: models.slice(0, 2) },
    { kind: 'linear', weights: [1, -1], normalize: true },
  ],
  ['three models on an arc', { models }, { kind: 'slerp', fraction: 0.5 }],
  ['no base', { models }, { ...usual, kind: 'ties' }],
  ['another length', { models: [new Float32Array(5)] }, { kind: 'linear', weights: [1], normalize: true }],
  ['values beyond float32', { models }, { kind: 'linear', weights: [1e300, 1e300, 1e300], normalize: false }],
])('%s: refused', (_, given, method) => {
  expect(() => merged(given, method)).toThrow(expect.objectContaining({ code: 'merge.models' }));
});
