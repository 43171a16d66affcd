import { expect, test } from 'vitest';
import { swigluBackward, swigluForward } from '../../../../client/model/reference/swiglu.ts';
import { at, dot } from '../../../../client/model/reference/vector.ts';
import { Random } from '../../../../client/random.ts';
import { expectGradient, randomValues } from './gradient-check.ts';

test('the gate is x times its sigmoid', () => {
  const output = swigluForward(Float64Array.of(0, 1, -1), Float64Array.of(5, 2, 1));
  [0, 2 * 0.7310585786300049, -0.2689414213699951].forEach((value, i) => {
    expect(at(output, i)).toBeCloseTo(value, 15);
  });
});

test('gradients agree with finite differences', () => {
  const random = Random.seeded(4);
  const gate = randomValues(40, random).map((x) => 3 * x);
  const up = randomValues(40, random);
  const outputGradient = randomValues(40, random);
  const loss = () => dot(swigluForward(gate, up), outputGradient);
  const gradient = swigluBackward(gate, up, outputGradient);
  expectGradient(gate, gradient.gate, loss);
  expectGradient(up, gradient.up, loss);
});
