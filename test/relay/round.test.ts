import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  type RoundEvent,
  type RoundLimits,
  type RoundState,
  reduce,
  refusalOf,
  reopened,
  waiting,
} from '../../relay/round.ts';
import { RefusalCode } from '../../relay/wire/tapestry_pb.js';

const base = 'b'.repeat(64);
const limits: RoundLimits = { rounds: 2, quorum: 2, target: 3, deadlineMs: 1000, graceMs: 100 };

/** Takes events, and confirms each effect at once, as a disk that never fails does. */
class Machine {
  state: RoundState;
  readonly log: string[] = [];
  readonly limits: RoundLimits;

  constructor(bounds: RoundLimits, state = waiting(1, 0, base)) {
    this.limits = bounds;
    this.state = state;
  }

  take(event: RoundEvent): void {
    let reaction = reduce(this.state, event, this.limits);
    this.state = reaction.state;
    for (let turns = 0; reaction.effect !== null; turns++) {
      if (turns > 10) throw new Error('the machine turns on the spot');
      this.log.push(`${reaction.effect} ${this.state.round}: ${[...this.state.contributed].sort().join('')}`);
      reaction = reduce(this.state, this.#confirmed(reaction.effect, event.time), this.limits);
      this.state = reaction.state;
    }
  }

  #confirmed(effect: string, time: number): RoundEvent {
    if (effect === 'commit') return { type: 'committed', base: `base ${this.state.round + 1}`, time };
    return { type: effect === 'open' ? 'opened' : effect === 'abandon' ? 'abandoned' : 'completed', time };
  }

  refusal(key: string, time: number, offer: { round?: number; base?: string } = {}): RefusalCode | null {
    return refusalOf(
      this.state,
      { key, round: this.state.round, base: this.state.base, ...offer },
      time,
      this.limits,
    );
  }
}

function opened(...keys: string[]): Machine {
  const machine = new Machine(limits);
  for (const key of keys) machine.take({ type: 'joined', key, time: 0 });
  return machine;
}

test('a round opens with its quorum', () => {
  expect(opened('a').log).toEqual([]);
  expect(opened('a', 'b').log).toEqual(['open 1: ']);
});

test('the target closes it at once, and the next one opens', () => {
  const machine = opened('a', 'b', 'c', 'd');
  for (const key of ['a', 'b', 'c']) machine.take({ type: 'contributed', key, time: 1 });
  expect(machine.log).toEqual(['open 1: ', 'commit 1: abc', 'open 2: ']);
});

test('the quorum closes it after the grace, for whoever is slow', () => {
  const machine = opened('a', 'b', 'c');
  machine.take({ type: 'contributed', key: 'a', time: 10 });
  machine.take({ type: 'contributed', key: 'b', time: 20 });
  machine.take({ type: 'tick', time: 119 });
  expect(machine.log).toEqual(['open 1: ']);
  machine.take({ type: 'tick', time: 120 });
  expect(machine.log).toEqual(['open 1: ', 'commit 1: ab', 'open 2: ']);
});

test('nothing is waited for when no one is left who could contribute', () => {
  const machine = opened('a', 'b', 'c');
  machine.take({ type: 'contributed', key: 'a', time: 10 });
  machine.take({ type: 'contributed', key: 'b', time: 20 });
  machine.take({ type: 'left', key: 'c', time: 21 });
  expect(machine.log).toEqual(['open 1: ', 'commit 1: ab', 'open 2: ']);
});

test('who joins in the middle is waited for, within the grace', () => {
  const machine = opened('a', 'b');
  machine.take({ type: 'joined', key: 'c', time: 5 });
  machine.take({ type: 'contributed', key: 'a', time: 10 });
  machine.take({ type: 'contributed', key: 'b', time: 10 });
  expect(machine.log).toEqual(['open 1: ']);
  machine.take({ type: 'contributed', key: 'c', time: 11 });
  expect(machine.log[1]).toBe('commit 1: abc');
});

test('below the quorum the deadline abandons it, and it opens again on the same base', () => {
  const machine = opened('a', 'b');
  machine.take({ type: 'contributed', key: 'a', time: 10 });
  machine.take({ type: 'tick', time: 1000 });
  expect(machine.log).toEqual(['open 1: ', 'abandon 1: a', 'open 1: ']);
  expect(machine.state).toMatchObject({ round: 1, attempt: 2, base, phase: 'open' });
  expect(machine.refusal('a', 1001)).toBeNull();
});

test('at the deadline the quorum is enough', () => {
  const machine = new Machine({ ...limits, graceMs: 5000 });
  for (const key of ['a', 'b', 'c']) machine.take({ type: 'joined', key, time: 0 });
  for (const key of ['a', 'b']) machine.take({ type: 'contributed', key, time: 10 });
  machine.take({ type: 'tick', time: 1000 });
  expect(machine.log[1]).toBe('commit 1: ab');
});

test('after the last round the run is complete', () => {
  const machine = opened('a', 'b');
  for (const time of [1, 2]) for (const key of ['a', 'b']) machine.take({ type: 'contributed', key, time });
  expect(machine.log.at(-1)).toBe('complete 3: ');
  machine.take({ type: 'joined', key: 'c', time: 9 });
  expect(machine.state.phase).toBe('complete');
  expect(machine.refusal('a', 10)).toBe(RefusalCode.TOO_LATE);
});

test('what does not fit the round is refused with the reason', () => {
  const machine = opened('a', 'b', 'c');
  machine.take({ type: 'contributed', key: 'a', time: 1 });
  expect(machine.refusal('b', 2)).toBeNull();
  expect(machine.refusal('a', 2)).toBe(RefusalCode.DUPLICATE);
  expect(machine.refusal('b', 2, { round: 0 })).toBe(RefusalCode.TOO_LATE);
  expect(machine.refusal('b', 2, { round: 2 })).toBe(RefusalCode.WRONG_ROUND);
  expect(machine.refusal('b', 2, { base: 'c'.repeat(64) })).toBe(RefusalCode.STALE_BASE);
  expect(machine.refusal('b', 1000)).toBe(RefusalCode.TOO_LATE);
  expect(new Machine(limits).refusal('a', 0)).toBe(RefusalCode.WRONG_ROUND);
});

test('a round that a restart interrupted has its time again, and waits for those who were there', () => {
  const open = { openedAt: 0, contributed: new Set(['a', 'b']), expected: new Set(['b', 'c']) };
  const machine = new Machine(limits, reopened(waiting(1, 1, base), open, 5000, limits));
  machine.take({ type: 'tick', time: 5000 });
  expect(machine.state).toMatchObject({ phase: 'open', deadlineAt: 6000, graceEndsAt: 5100 });
  machine.take({ type: 'joined', key: 'c', time: 5001 });
  machine.take({ type: 'contributed', key: 'c', time: 5002 });
  expect(machine.log).toEqual(['commit 1: abc']);
});

test('a round that was full when the relay died commits on restart', () => {
  const open = { openedAt: 0, contributed: new Set(['a', 'b']), expected: new Set(['a', 'b']) };
  const machine = new Machine(limits, reopened(waiting(1, 1, base), open, 5000, limits));
  machine.take({ type: 'tick', time: 5000 });
  expect(machine.log).toEqual(['commit 1: ab']);
});

const keys = ['a', 'b', 'c', 'd', 'e'];
const arbitraryLimits = fc
  .record({
    rounds: fc.integer({ min: 1, max: 4 }),
    quorum: fc.integer({ min: 1, max: 4 }),
    more: fc.integer({ min: 0, max: 2 }),
    deadlineMs: fc.integer({ min: 1, max: 50 }),
    graceMs: fc.integer({ min: 0, max: 60 }),
  })
  .map(({ quorum, more, ...rest }) => ({ ...rest, quorum, target: quorum + more }));
const arbitraryMoves = fc.array(
  fc.record({
    move: fc.constantFrom('joined', 'left', 'contribute', 'contribute', 'contribute', 'tick', 'fail'),
    key: fc.constantFrom(...keys),
    wait: fc.integer({ min: 0, max: 20 }),
  }),
  { maxLength: 200 },
);

test('whatever happens, rounds keep their promises', () => {
  fc.assert(
    fc.property(arbitraryLimits, arbitraryMoves, (bounds, moves) => {
      const machine = new Machine(bounds);
      let time = 0;
      let committed = 0;
      let seen = 0;
      // The model: who has contributed to the round that is open, and nothing else.
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
        // An effect that failed is left unconfirmed; the next event asks for it again.
        if (move === 'fail') machine.state = reduce(machine.state, { type: 'tick', time }, bounds).state;
        else if (move === 'tick') machine.take({ type: 'tick', time });
        else if (move === 'contribute') contribute(key);
        else machine.take({ type: move === 'joined' ? 'joined' : 'left', key, time });
        check();
        const looked = move !== 'fail' && move !== 'contribute';
        if (looked && machine.state.phase === 'open')
          expect(time).toBeLessThan(machine.state.deadlineAt ?? 0);
      }
      // Never stuck: with a quorum of nodes that contribute, the run ends, whatever was before.
      for (const key of keys.slice(0, bounds.quorum)) machine.take({ type: 'joined', key, time });
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
