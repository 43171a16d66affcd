import fc from 'fast-check';
import { expect, test } from 'vitest';
import { possibleTokens, type Shown, shownTokens } from '../../../../relay/run/quality/claims.ts';

/** A contribution all of whose tokens are possible. */
const delta = (tokens: number, norm: number): Shown => ({ norm, claimed: tokens, possible: tokens });

test('a claim counts for at most so many times what its key did in the same time before', () => {
  const claims = [
    // Three times as fast as before, ten times, and as slow as before.
    { tokens: 300, elapsedMs: 1000, pace: 10 },
    { tokens: 1000, elapsedMs: 1000, pace: 10 },
    { tokens: 100, elapsedMs: 1000, pace: 10 },
  ];
  expect(possibleTokens(claims, 4)).toEqual([300, 400, 100]);
});

test('a key without a past is compared with the lower median of the round', () => {
  const honest = [20_000, 22_000, 30_000].map((elapsedMs) => ({ tokens: 1000, elapsedMs, pace: null }));
  const atOnce = [1, 2].map((elapsedMs) => ({ tokens: 1000, elapsedMs, pace: null }));
  expect(possibleTokens([...atOnce, ...honest], 8)).toEqual([1, 1, 1000, 1000, 1000]);
});

test('nobody counts for more than it claims, and the median of a round counts in full', () => {
  const claim = fc.record({
    tokens: fc.integer({ min: 1, max: 100_000 }),
    elapsedMs: fc.integer({ min: 1, max: 100_000 }),
    norm: fc.double({ min: 0, max: 1e6, noNaN: true }),
  });
  fc.assert(
    fc.property(fc.array(claim, { minLength: 1, maxLength: 12 }), (drawn) => {
      const claims = drawn.map((one) => ({ ...one, pace: null }));
      for (const counted of [
        possibleTokens(claims, 1),
        shownTokens(
          claims.map(({ tokens, norm }) => delta(tokens, norm)),
          0.5,
        ),
      ]) {
        expect(counted.every((tokens, i) => tokens >= 0 && tokens <= (claims[i]?.tokens ?? 0))).toBe(true);
        expect(counted.filter((tokens, i) => tokens === claims[i]?.tokens).length).toBeGreaterThanOrEqual(
          claims.length / 2 - 1,
        );
      }
    }),
  );
});

test('nodes with eight, four and two steps count in full, however the length grows with the steps', () => {
  for (const power of [0.5, 0.7, 0.85, 1]) {
    const honest = [8, 4, 2, 8, 4, 2, 8].map((tokens) => delta(tokens, tokens ** power));
    expect(shownTokens(honest, 0.5)).toEqual(honest.map(({ claimed }) => claimed));
  }
});

test('one step that claims eight counts for two of them at most, and noise without length for none', () => {
  const honest = [800, 400, 200, 800, 400, 200, 800].map((tokens) => delta(tokens, tokens ** 0.8));
  const boast = delta(800, 100 ** 0.8);
  const nothing = delta(800, 800 ** 0.8 / 1000);
  const counted = shownTokens([...honest, boast, boast, nothing], 0.5);
  expect(counted.slice(0, 7)).toEqual(honest.map(({ claimed }) => claimed));
  expect(counted[7]).toBeGreaterThan(90);
  expect(counted[7]).toBeLessThan(210);
  expect(counted[9]).toBe(0);
});

test('beside a majority that is faster than it was, a node whose claim is possible is not short', () => {
  const faster = { ...delta(800, 10), possible: 20 };
  expect(shownTokens([delta(800, 10), faster, faster], 0.5)).toEqual([800, 20, 20]);
});

test('a round of zeros counts as it claims', () => {
  expect(shownTokens([delta(5, 0), delta(7, 0)], 0.5)).toEqual([5, 7]);
});

test('a key that changes between the whole model and its upper layers keeps its tokens', () => {
  const wholeMs = 6;
  // Nothing but the forward pass is left, and a third is the least that it can take.
  const upperMs = wholeMs / 3;
  const claim = (stepMs: number, pace: number) => ({ tokens: 640, elapsedMs: 640 * stepMs, pace });
  const claims = [claim(upperMs, wholeMs), claim(wholeMs, upperMs), claim(wholeMs, wholeMs)];
  expect(possibleTokens(claims, 8)).toEqual([640, 640, 640]);
  expect(possibleTokens(claims, 2)).toEqual([426, 640, 640]);
});
