import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Liveness, silence } from '../../../../client/contribute/protocol/liveness.ts';
import { Random } from '../../../../client/random.ts';
import { defaultLimits } from '../../../../relay/server/limits.ts';

/**
 * Heartbeats every `every` milliseconds over a line that breaks at `breaksAt`: the time at which the node gives it up, null if it does
 * not within 120 heartbeats. Answers take up to one interval.
 */
function givenUpAt(seed: number, every: number, breaksAt: number): number | null {
  const random = Random.seeded(seed);
  const liveness = new Liveness(0, 0);
  let [now, signs, answerAt] = [0, 0, Number.POSITIVE_INFINITY];
  for (let beat = 1; beat <= 120; beat++) {
    now += every * (1 + random.uniform() / 10);
    // An interval is longer than an answer takes, so that at most one is on its way.
    if (answerAt < Math.min(now, breaksAt)) signs++;
    if (liveness.beat(signs, now) !== null) return now;
    answerAt = now + random.uniform() * every;
  }
  return null;
}

const every = fc.integer({ min: 100, max: 30_000 });

test('a half-open connection is noticed once two heartbeats are unanswered, whenever it breaks', () => {
  fc.assert(
    fc.property(fc.nat(), every, fc.double({ min: 0, max: 20, noNaN: true }), (seed, every, beats) => {
      const breaksAt = beats * every;
      const at = givenUpAt(seed, every, breaksAt) ?? Number.POSITIVE_INFINITY;
      expect(at).toBeGreaterThan(breaksAt);
      // The heartbeat after the break, the two that stay unanswered, and what timers are late.
      const longest = 1.1 * every * (silence.heartbeats + 1);
      expect(at - breaksAt).toBeLessThanOrEqual(Math.max(longest, silence.milliseconds + 2.2 * every));
    }),
  );
});

test('a relay that answers each heartbeat within an interval is never given up', () => {
  fc.assert(
    fc.property(fc.nat(), every, (seed, every) => {
      expect(givenUpAt(seed, every, Number.POSITIVE_INFINITY)).toBeNull();
    }),
  );
});

test('the relay gives up a node after two heartbeats as well, and not before', () => {
  const { heartbeat, silence: allowed } = defaultLimits;
  expect(allowed).toBeGreaterThan(2 * heartbeat);
  expect(allowed).toBeLessThan(3 * heartbeat);
});
