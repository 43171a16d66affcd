import fc from 'fast-check';
import { expect, test } from 'vitest';
import { reduce } from '../../../relay/run/round.ts';
import { Machine } from '../../support/relay/round-machine.ts';

const keys = ['a', 'b', 'c', 'd', 'e'];
const arbitraryLimits = fc
  .record({
    rounds: fc.integer({ min: 1, max: 4 }),
    quorum: fc.integer({ min: 1, max: 4 }),
    more: fc.integer({ min: 0, max: 2 }),
    deadlineMs: fc.integer({ min: 1, max: 50 }),
    graceMs: fc.integer({ min: 0, max: 60 }),
    graceShare: fc.constantFrom(0, 50, 99),
  })
  .map(({ quorum, more, ...rest }) => ({ ...rest, quorum, target: quorum + more }));
const arbitraryMoves = fc.array(
  fc.record({
    move: fc.constantFrom(
      ...(['joined', 'left', 'rested', 'returned', 'tick', 'fail'] as const),
      ...(['contribute', 'contribute', 'contribute'] as const),
    ),
    key: fc.constantFrom(...keys),
    wait: fc.integer({ min: 0, max: 20 }),
  }),
  { maxLength: 200 },
);

test('rounds keep their guarantees under random events', () => {
  fc.assert(
    fc.property(arbitraryLimits, arbitraryMoves, (bounds, moves) => {
      const machine = new Machine(bounds);
      let time = 0;
      let committed = 0;
      let seen = 0;
      // The model: only the nodes that have contributed to the open round.
      let contributed = new Set<string>();
      const check = () => {
        for (const line of machine.log.slice(seen)) {
          const [effect, round, who = ''] = line.split(/[ :]+/);
          if (effect === 'commit') {
            expect(Number(round)).toBe(++committed);
            expect(who).toBe([...contributed].sort().join(''));
            expect(who.length).toBeGreaterThanOrEqual(bounds.quorum);
            expect(who.length).toBeLessThanOrEqual(bounds.target);
          }
          if (effect === 'abandon') expect(contributed.size).toBeLessThan(bounds.quorum);
          if (effect === 'complete') expect(committed).toBe(bounds.rounds);
          contributed = new Set();
        }
        seen = machine.log.length;
      };
      const contribute = (key: string) => {
        if (machine.refusal(key, time) !== null) return;
        expect(contributed.has(key)).toBe(false);
        contributed.add(key);
        machine.take({ type: 'contributed', key, time });
      };
      for (const { move, key, wait } of moves) {
        time += wait;
        // An effect that failed is not confirmed; the next event returns it again.
        if (move === 'fail') machine.state = reduce(machine.state, { type: 'tick', time }, bounds).state;
        else if (move === 'tick') machine.take({ type: 'tick', time });
        else if (move === 'contribute') contribute(key);
        else machine.take({ type: move, key, time });
        check();
        const looked = move !== 'fail' && move !== 'contribute';
        if (looked && machine.state.phase === 'open')
          expect(time).toBeLessThan(machine.state.deadlineAt ?? 0);
      }
      // No state is stuck: with a quorum of nodes that contribute, the run ends.
      for (const key of keys.slice(0, bounds.quorum)) {
        machine.take({ type: 'returned', key, time });
        machine.take({ type: 'joined', key, time });
      }
      check();
      for (let turn = 0; machine.state.phase !== 'complete'; turn++) {
        expect(turn).toBeLessThan(200);
        check();
        for (const key of keys.slice(0, bounds.quorum)) {
          contribute(key);
          check();
        }
        time += 10;
        machine.take({ type: 'tick', time });
        check();
      }
      expect(committed).toBe(bounds.rounds);
    }),
    { numRuns: 500 },
  );
});
