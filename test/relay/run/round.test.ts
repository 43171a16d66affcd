import { expect, test } from 'vitest';
import { type RoundLimits, reduce, resumed, waiting } from '../../../relay/run/round.ts';
import { RefusalCode } from '../../../relay/wire/tapestry_pb.js';
import { base, Machine } from '../../support/relay/round-machine.ts';

const limits: RoundLimits = {
  rounds: 2,
  quorum: 2,
  target: 3,
  deadlineMs: 1000,
  graceMs: 100,
  graceShare: 50,
};

/** Round 2 of a run with quorum 1: round 1 opened for the first of these nodes, round 2 for all. */
function second(target: number, ...nodes: string[]): Machine {
  const machine = new Machine({ ...limits, rounds: 3, quorum: 1, target });
  for (const key of nodes) machine.take({ type: 'joined', key, time: 0 });
  for (const key of nodes) machine.take({ type: 'contributed', key, time: 0 });
  machine.log.length = 0;
  return machine;
}

function opened(...keys: string[]): Machine {
  const machine = new Machine(limits);
  for (const key of keys) machine.take({ type: 'joined', key, time: 0 });
  return machine;
}

test('a round opens when a quorum of nodes is connected', () => {
  expect(opened('a').log).toEqual([]);
  expect(opened('a', 'b').log).toEqual(['open 1: ']);
});

test('the target closes it at once, and the next one opens', () => {
  const machine = opened('a', 'b', 'c');
  machine.take({ type: 'joined', key: 'd', time: 0 });
  for (const key of ['a', 'b', 'c']) machine.take({ type: 'contributed', key, time: 1 });
  expect(machine.log).toEqual(['open 1: ', 'commit 1: abc', 'open 2: ']);
});

test('with the quorum it closes after the grace, without waiting for slow nodes', () => {
  const machine = opened('a', 'b', 'c');
  machine.take({ type: 'contributed', key: 'a', time: 10 });
  machine.take({ type: 'contributed', key: 'b', time: 20 });
  machine.take({ type: 'tick', time: 119 });
  expect(machine.log).toEqual(['open 1: ']);
  machine.take({ type: 'tick', time: 120 });
  expect(machine.log).toEqual(['open 1: ', 'commit 1: ab', 'open 2: ']);
});

test('it closes at once when every connected node has contributed', () => {
  const machine = opened('a', 'b', 'c');
  machine.take({ type: 'contributed', key: 'a', time: 10 });
  machine.take({ type: 'contributed', key: 'b', time: 20 });
  machine.take({ type: 'left', key: 'c', time: 21 });
  expect(machine.log).toEqual(['open 1: ', 'commit 1: ab', 'open 2: ']);
});

test('a node that joins in the middle is waited for, within the grace', () => {
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

test('the grace of a planned round begins at its moment, whoever has contributed', () => {
  const machine = opened('a', 'b', 'c');
  const plan = { type: 'planned', workMs: 200, graceMs: 50, time: 5 } as const;
  machine.state = reduce(machine.state, plan, limits).state;
  for (const key of ['a', 'b']) machine.take({ type: 'contributed', key, time: 10 });
  machine.take({ type: 'tick', time: 199 });
  expect(machine.state.graceEndsAt).toBeNull();
  machine.take({ type: 'tick', time: 200 });
  expect(machine.state.graceEndsAt).toBe(250);
  // A later plan no longer changes it.
  machine.state = reduce(machine.state, { ...plan, workMs: 900, time: 210 }, limits).state;
  expect(machine.state.graceEndsAt).toBe(250);
  machine.take({ type: 'tick', time: 250 });
  expect(machine.log[1]).toBe('commit 1: ab');
});

test('a plan that comes after the moment changes nothing, though no event told the round of the moment', () => {
  const machine = opened('a', 'b', 'c');
  const plan = { type: 'planned', workMs: 200, graceMs: 50, time: 5 } as const;
  machine.state = reduce(machine.state, plan, limits).state;
  machine.state = reduce(machine.state, { ...plan, workMs: 900, time: 210 }, limits).state;
  expect(machine.state.graceEndsAt).toBe(250);
});

test('a planned round without its quorum waits for it after the grace', () => {
  const machine = opened('a', 'b', 'c');
  const plan = { type: 'planned', workMs: 200, graceMs: 50, time: 5 } as const;
  machine.state = reduce(machine.state, plan, limits).state;
  machine.take({ type: 'contributed', key: 'a', time: 10 });
  machine.take({ type: 'tick', time: 400 });
  expect(machine.log).toEqual(['open 1: ']);
  machine.take({ type: 'contributed', key: 'b', time: 500 });
  expect(machine.log[1]).toBe('commit 1: ab');
});

test('a contribution that does not fit the round is refused with the reason', () => {
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

test('fast nodes do not end a round for the nodes that train since its opening', () => {
  const machine = second(8, 'a', 'b', 'c', 'd');
  machine.take({ type: 'contributed', key: 'a', time: 1 });
  machine.take({ type: 'contributed', key: 'b', time: 2 });
  expect(machine.state.graceEndsAt).toBeNull();
  // Keys that come later, contribute and leave do not begin the grace either.
  for (const key of ['x', 'y', 'z']) {
    machine.take({ type: 'joined', key, time: 3 });
    expect(machine.refusal(key, 3)).toBeNull();
    machine.take({ type: 'contributed', key, time: 3 });
    machine.take({ type: 'left', key, time: 3 });
  }
  expect(machine.state.graceEndsAt).toBeNull();
  // Three of four are more than half.
  machine.take({ type: 'contributed', key: 'c', time: 500 });
  expect(machine.state.graceEndsAt).toBe(600);
  expect(machine.log).toEqual([]);
  machine.take({ type: 'contributed', key: 'd', time: 590 });
  expect(machine.log[0]).toBe('commit 2: abcdxyz');
});

test('a node that leaves is not waited for, and counts again when it is back', () => {
  const machine = second(3, 'a', 'b', 'c');
  machine.take({ type: 'left', key: 'b', time: 1 });
  machine.take({ type: 'contributed', key: 'a', time: 2 });
  expect(machine.state.graceEndsAt).toBeNull();
  machine.take({ type: 'joined', key: 'b', time: 3 });
  machine.take({ type: 'left', key: 'c', time: 4 });
  expect(machine.state).toMatchObject({ expected: 2, heard: 1, graceEndsAt: null });
  machine.take({ type: 'left', key: 'b', time: 5 });
  expect(machine.log[0]).toBe('commit 2: a');
});

test('no round waits for a node that only follows, in its opening or later, and one that takes part again is waited for', () => {
  const machine = opened('a', 'b', 'c');
  machine.take({ type: 'contributed', key: 'a', time: 10 });
  machine.take({ type: 'contributed', key: 'b', time: 20 });
  machine.take({ type: 'rested', key: 'c', time: 21 });
  expect(machine.log).toEqual(['open 1: ', 'commit 1: ab', 'open 2: ']);
  machine.take({ type: 'returned', key: 'c', time: 22 });
  machine.take({ type: 'contributed', key: 'a', time: 30 });
  machine.take({ type: 'contributed', key: 'b', time: 40 });
  expect(machine.log).toHaveLength(3);
  machine.take({ type: 'contributed', key: 'c', time: 50 });
  expect(machine.log.at(-2)).toBe('commit 2: abc');
});

test('a node that follows takes no place from the others, and its contribution counts where there is one', () => {
  const machine = second(2, 'a');
  for (const key of ['b', 'c']) machine.take({ type: 'joined', key, time: 0 });
  machine.take({ type: 'rested', key: 'a', time: 1 });
  machine.take({ type: 'contributed', key: 'b', time: 2 });
  expect(machine.refusal('c', 3)).toBeNull();
});

test('each node of the opening has a place, which a later key cannot take', () => {
  const machine = second(3, 'a', 'b');
  for (const key of ['x', 'y']) machine.take({ type: 'joined', key, time: 1 });
  machine.take({ type: 'contributed', key: 'x', time: 1 });
  expect(machine.refusal('y', 2)).toBe(RefusalCode.TOO_MANY);
  expect([machine.refusal('a', 2), machine.refusal('b', 2)]).toEqual([null, null]);
  machine.take({ type: 'left', key: 'b', time: 3 });
  expect(machine.refusal('y', 3)).toBeNull();
});

test('a round that a restart interrupted gets its full time and grace again, so that nodes can reconnect', () => {
  const open = { contributions: 2, isClosed: false };
  const machine = new Machine(limits, resumed(waiting(1, 1, base), open, 5000, limits), ['a', 'b']);
  machine.take({ type: 'tick', time: 5000 });
  expect(machine.state).toMatchObject({ phase: 'open', deadlineAt: 6000, graceEndsAt: 5100 });
  machine.take({ type: 'joined', key: 'a', time: 5001 });
  expect(machine.log).toEqual([]);
  machine.take({ type: 'joined', key: 'c', time: 5001 });
  machine.take({ type: 'contributed', key: 'c', time: 5002 });
  expect(machine.log).toEqual(['commit 1: abc', 'open 2: ']);
  const alone = new Machine(limits, resumed(waiting(1, 1, base), open, 5000, limits), ['a', 'b']);
  alone.take({ type: 'tick', time: 5100 });
  expect(alone.log).toEqual(['commit 1: ab']);
});

test('a resumed attempt waits ten seconds for nodes to come back, not its whole grace', () => {
  const open = { contributions: 0, isClosed: false };
  const patient = { ...limits, deadlineMs: 100_000, graceMs: 50_000 };
  const machine = new Machine(patient, resumed(waiting(1, 1, base), open, 5000, patient));
  for (const key of ['a', 'b']) machine.take({ type: 'joined', key, time: 5001 });
  for (const key of ['a', 'b']) machine.take({ type: 'contributed', key, time: 5002 });
  machine.take({ type: 'tick', time: 14_999 });
  expect(machine.log).toEqual([]);
  machine.take({ type: 'tick', time: 15_000 });
  expect(machine.log[0]).toBe('commit 1: ab');
});

test('a round that was closed when the relay died commits on restart, and accepts nothing more', () => {
  const open = { contributions: 2, isClosed: true };
  const machine = new Machine(limits, resumed(waiting(1, 1, base), open, 5000, limits), ['a', 'b']);
  expect(machine.refusal('c', 5000)).toBe(RefusalCode.TOO_LATE);
  machine.take({ type: 'tick', time: 5000 });
  expect(machine.log).toEqual(['commit 1: ab']);
});

test('a held run opens no round until it is let go, and finishes the open one', () => {
  const machine = new Machine(limits, { ...waiting(1, 0, base), isHeld: true });
  for (const key of ['a', 'b']) machine.take({ type: 'joined', key, time: 0 });
  expect(machine.log).toEqual([]);
  machine.take({ type: 'held', isHeld: false, time: 1 });
  expect(machine.log).toEqual(['open 1: ']);
  machine.take({ type: 'held', isHeld: true, time: 2 });
  for (const key of ['a', 'b']) machine.take({ type: 'contributed', key, time: 3 });
  machine.take({ type: 'tick', time: 9_999 });
  expect(machine.log).toEqual(['open 1: ', 'commit 1: ab']);
});

test('an extended round ends so much later, its grace too', () => {
  const machine = opened('a', 'b', 'c');
  machine.take({ type: 'extended', milliseconds: 500, time: 1 });
  machine.take({ type: 'tick', time: 1_499 });
  expect(machine.log).toEqual(['open 1: ']);
  for (const key of ['a', 'b']) machine.take({ type: 'contributed', key, time: 1_000 });
  machine.take({ type: 'extended', milliseconds: 500, time: 1_050 });
  machine.take({ type: 'tick', time: 1_599 });
  expect(machine.log).toEqual(['open 1: ']);
  machine.take({ type: 'tick', time: 1_600 });
  expect(machine.log[1]).toBe('commit 1: ab');
});

test('a run that is ended takes what its open round has, if that is a quorum', () => {
  const machine = opened('a', 'b', 'c');
  for (const key of ['a', 'b']) machine.take({ type: 'contributed', key, time: 1 });
  machine.take({ type: 'ending', time: 2 });
  expect(machine.log).toEqual(['open 1: ', 'commit 1: ab', 'complete 2: ']);
  const few = opened('a', 'b', 'c');
  few.take({ type: 'contributed', key: 'a', time: 1 });
  few.take({ type: 'ending', time: 2 });
  expect(few.log).toEqual(['open 1: ', 'abandon 1: a', 'complete 1: ']);
});
