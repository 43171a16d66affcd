import fc from 'fast-check';
import { expect, test } from 'vitest';
import { checkSampling, type Sampling, sampleToken } from '../../../../client/model/generate/sampling.ts';
import { Random } from '../../../../client/random.ts';

const logits = Float32Array.of(0.3, -1.2, 2.5, 0.3, 1.9, -0.4);

/** How often each token is drawn. */
function frequencies(sampling: Sampling, draws = 20_000): number[] {
  const random = Random.seeded(7);
  const counts = new Array<number>(logits.length).fill(0);
  for (let i = 0; i < draws; i++) {
    const token = sampleToken(logits, sampling, random);
    counts[token] = (counts[token] ?? 0) + 1;
  }
  return counts.map((count) => count / draws);
}

/** Probabilities at a temperature of these tokens alone. */
function softmax(temperature: number, tokens: readonly number[]): number[] {
  const powers = Array.from(logits, (logit, token) =>
    tokens.includes(token) ? Math.exp(logit / temperature) : 0,
  );
  const whole = powers.reduce((a, b) => a + b);
  return powers.map((power) => power / whole);
}

function expectNear(actual: readonly number[], expected: readonly number[]): void {
  actual.forEach((value, i) => {
    expect(Math.abs(value - (expected[i] ?? Number.NaN))).toBeLessThan(0.015);
  });
}

test('greedy takes the likeliest token, the first among equals, and draws no random number', () => {
  const random = Random.seeded(1);
  const before = random.save();
  expect(sampleToken(logits, { temperature: 0 }, random)).toBe(2);
  expect(sampleToken(Float32Array.of(1, 3, 3, 2), { temperature: 0, topK: 3, topP: 0.5 }, random)).toBe(1);
  expect(random.save()).toEqual(before);
});

test('draws follow the distribution at the temperature', () => {
  expectNear(frequencies({ temperature: 1 }), softmax(1, [0, 1, 2, 3, 4, 5]));
  expectNear(frequencies({ temperature: 2.5 }), softmax(2.5, [0, 1, 2, 3, 4, 5]));
});

test('top-k keeps the k likeliest tokens, and the lower ids among equals', () => {
  expectNear(frequencies({ temperature: 1.5, topK: 3 }), softmax(1.5, [2, 4, 0]));
  expectNear(frequencies({ temperature: 1.5, topK: 100 }), softmax(1.5, [0, 1, 2, 3, 4, 5]));
});

test('top-p keeps the fewest likeliest tokens that reach the probability, among those that top-k left', () => {
  const [, , first = 0, , second = 0] = softmax(1, [0, 1, 2, 3, 4, 5]);
  expectNear(frequencies({ temperature: 1, topP: first - 0.01 }), softmax(1, [2]));
  expectNear(frequencies({ temperature: 1, topP: first + 0.01 }), softmax(1, [2, 4]));
  expectNear(frequencies({ temperature: 1, topP: first + second + 0.01 }), softmax(1, [2, 4, 0]));
  expectNear(frequencies({ temperature: 1, topP: 1 }), softmax(1, [0, 1, 2, 3, 4, 5]));
  // The first token has more than 0.6 of the two that top-k leaves, but less than 0.6 of all.
  expect(first).toBeLessThan(0.6);
  expectNear(frequencies({ temperature: 1, topK: 2, topP: 0.6 }), softmax(1, [2]));
});

test('the temperature is applied before top-p', () => {
  const hot = softmax(5, [0, 1, 2, 3, 4, 5]);
  const two = (hot[2] ?? 0) + (hot[4] ?? 0);
  expectNear(frequencies({ temperature: 5, topP: two - 0.001 }), softmax(5, [2, 4]));
});

test('a drawn token is always a candidate, and the same random state gives the same token', () => {
  const arrays = fc.array(fc.float({ noNaN: true, min: -50, max: 50 }), { minLength: 1, maxLength: 40 });
  const options = fc.record({
    temperature: fc.double({ min: 0.01, max: 10, noNaN: true }),
    topK: fc.integer({ min: 1, max: 50 }),
    topP: fc.double({ min: 0.001, max: 1, noNaN: true }),
  });
  fc.assert(
    fc.property(arrays, options, fc.nat(), (values, sampling, seed) => {
      const some = Float32Array.from(values);
      const token = sampleToken(some, sampling, Random.seeded(seed));
      expect(sampleToken(some, sampling, Random.seeded(seed))).toBe(token);
      const likelier = some.filter((value) => value > (some[token] ?? Number.NaN)).length;
      expect(likelier).toBeLessThan(Math.min(sampling.topK, some.length));
    }),
  );
});

test('invalid sampling options are refused', () => {
  const refused: Sampling[] = [
    { temperature: Number.NaN },
    { temperature: -1 },
    { temperature: 1, topK: 0 },
    { temperature: 1, topK: 1.5 },
    { temperature: 1, topP: 0 },
    { temperature: 1, topP: 1.1 },
    { temperature: 1, topP: Number.NaN },
  ];
  for (const sampling of refused)
    expect(() => checkSampling(sampling)).toThrow(expect.objectContaining({ code: 'generate.bad-option' }));
  expect(() => sampleToken(Float32Array.of(Number.NaN, 1), { temperature: 1 }, Random.seeded(1))).toThrow(
    expect.objectContaining({ code: 'generate.not-finite' }),
  );
});
