import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Guesses } from '../../../../relay/server/budget/guesses.ts';

const limits = { wrongTokenBurst: 3, wrongTokensPerSecond: 0.5, wrongTokenDelay: 4_000 };

/** The delays of so many wrong tokens of an address at one time. */
function delays(guesses: Guesses, address: string, now: number, times: number): number[] {
  return Array.from({ length: times }, () => guesses.delayOf(address, now));
}

test('the first wrong tokens are answered at once, and each further one twice as late, up to a limit', () => {
  expect(delays(new Guesses(limits), 'a', 0, 9)).toEqual([0, 0, 0, 250, 500, 1000, 2000, 4000, 4000]);
});

test('one address does not delay another', () => {
  const guesses = new Guesses(limits);
  delays(guesses, 'a', 0, 20);
  expect(delays(guesses, 'b', 0, 4)).toEqual([0, 0, 0, 250]);
});

test('wrong tokens are forgiven with time, all of them after a bounded time, however many there were', () => {
  const guesses = new Guesses(limits);
  delays(guesses, 'a', 0, 4);
  // Two seconds forgive one of four, and the next is the fourth again.
  expect(guesses.delayOf('a', 2_000)).toBe(250);
  delays(guesses, 'a', 2_000, 100_000);
  const most = (1000 * (limits.wrongTokenBurst + 32)) / limits.wrongTokensPerSecond;
  expect(guesses.delayOf('a', 2_000 + most)).toBe(0);
});

test('a clock that steps back forgives nothing', () => {
  const guesses = new Guesses(limits);
  delays(guesses, 'a', 10_000, 3);
  expect(delays(guesses, 'a', 0, 2)).toEqual([250, 500]);
});

test('an address gets no more wrong tokens answered at once than the burst and the rate allow, at any times', () => {
  const gaps = fc.array(fc.integer({ min: 0, max: 5_000 }), { minLength: 1, maxLength: 100 });
  fc.assert(
    fc.property(gaps, (waits) => {
      const guesses = new Guesses(limits);
      let now = 0;
      let atOnce = 0;
      for (const wait of waits) {
        now += wait;
        const delay = guesses.delayOf('a', now);
        expect(delay).toBeGreaterThanOrEqual(0);
        expect(delay).toBeLessThanOrEqual(limits.wrongTokenDelay);
        if (delay === 0) atOnce++;
        const allowed = limits.wrongTokenBurst + (now / 1000) * limits.wrongTokensPerSecond;
        expect(atOnce).toBeLessThanOrEqual(allowed + 1e-6);
      }
    }),
  );
});

test('a bounded number of addresses is remembered, and the one that guessed least recently is forgotten first', () => {
  const guesses = new Guesses(limits);
  delays(guesses, 'oldest', 0, 10);
  delays(guesses, 'old', 0, 10);
  guesses.delayOf('oldest', 0);
  for (let i = 0; i < 65_535; i++) guesses.delayOf(`address ${i}`, 0);
  expect(guesses.delayOf('oldest', 0)).toBe(4_000);
  expect(guesses.delayOf('old', 0)).toBe(0);
});
