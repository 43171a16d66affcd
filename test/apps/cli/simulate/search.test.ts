import { expect, test } from 'vitest';
import type { Invariant } from '../../../../apps/cli/simulate/invariants/invariant.ts';
import { runSeed } from '../../../../apps/cli/simulate/search.ts';
import { type Machines, machines } from '../../../../apps/cli/simulate/world/machines.ts';
import { idle } from '../../../../client/contribute/session/state.ts';
import { RefusalCode } from '../../../../relay/wire/tapestry_pb.js';
import { seed } from '../../../support/seed.ts';

test('1,000 seeds of faults break no invariant', () => {
  const found: string[] = [];
  const totals = { events: 0, rounds: 0, acknowledged: 0, abandoned: 0 };
  for (let drawn = seed; drawn < seed + 1000; drawn++) {
    const { violation, events, rounds, acknowledged, abandoned } = runSeed(drawn);
    if (violation !== null) found.push(`seed ${drawn}: ${violation.invariant}: ${violation.message}`);
    totals.events += events;
    totals.rounds += rounds;
    totals.acknowledged += acknowledged;
    totals.abandoned += abandoned;
  }
  expect(found).toEqual([]);
  // The worlds must do something.
  expect(totals.rounds).toBeGreaterThan(1500);
  expect(totals.acknowledged).toBeGreaterThan(3000);
  expect(totals.abandoned).toBeGreaterThan(100);
  expect(totals.events).toBeGreaterThan(100_000);
});

test.each([
  [10_581, 'a node that was paused when its session ended starts again without the pause'],
  [534_059, 'a disk that failed during a commit gives the commit its whole time again'],
  [560_028, 'bytes that a lost connection delivered meanwhile are answered with their receipt'],
])('seed %i: %s', (drawn) => {
  expect(runSeed(drawn).violation).toBeNull();
});

test('a seed replays every step', () => {
  const traces = [1, 2].map(() => {
    const lines: string[] = [];
    runSeed(seed + 7, machines, (line) => lines.push(line));
    return lines;
  });
  expect(traces[0]?.length).toBeGreaterThan(20);
  expect(traces[1]).toEqual(traces[0]);
});

type Planted = readonly [bug: string, found: readonly Invariant[], under: Partial<Machines>];

const { reduce, refusalOf, advance } = machines;

/** One bug each; most are the slip of a line in a machine. */
const planted: readonly Planted[] = [
  [
    'the round waits for a node that left',
    ['round-blocked'],
    {
      reduce: (state, event, limits) => {
        const next = reduce(state, event, limits);
        if (event.type !== 'left') return next;
        return { ...next, effect: null, state: { ...next.state, awaited: state.awaited } };
      },
    },
  ],
  [
    'the round has no deadline',
    ['round-blocked'],
    {
      reduce: (state, event, limits) => reduce({ ...state, deadlineAt: null }, event, limits),
    },
  ],
  [
    'the grace begins before the quorum is there',
    ['round-limits'],
    {
      reduce: (state, event, limits) =>
        reduce(state, event, { ...limits, quorum: Math.max(1, limits.quorum - 1) }),
    },
  ],
  [
    'fast nodes end the round for the others',
    ['round-limits'],
    { reduce: (state, event, limits) => reduce(state, event, { ...limits, graceShare: 0 }) },
  ],
  [
    'a commit skips a round',
    ['bases-advance'],
    {
      reduce: (state, event, limits) => {
        const next = reduce(state, event, limits);
        if (event.type !== 'committed') return next;
        return { ...next, state: { ...next.state, round: next.state.round + 1 } };
      },
    },
  ],
  [
    'a round that is due to close accepts more',
    ['exactly-once'],
    {
      refusalOf: (state, offer, time, limits) => {
        const isOf = state.phase !== 'waiting' && offer.round === state.round && offer.base === state.base;
        const code = refusalOf(state, offer, time, limits);
        return isOf && code === RefusalCode.TOO_LATE ? null : code;
      },
    },
  ],
  [
    'a contribution from an older base is accepted',
    ['same-base', 'exactly-once'],
    {
      refusalOf: (state, offer, time, limits) =>
        refusalOf(state, { ...offer, round: state.round, base: state.base }, time, limits),
    },
  ],
  [
    'late nodes take the places of the expected ones',
    ['round-limits'],
    {
      refusalOf: (state, offer, time, limits) =>
        refusalOf(state, { ...offer, isExpected: true }, time, limits),
    },
  ],
  [
    'a session offers its work to whichever round is open',
    ['same-base', 'exactly-once'],
    {
      advance: (session, event) => {
        const { work } = session;
        if (event.kind !== 'opened' || work.kind === 'idle') return advance(session, event);
        return advance({ ...session, work: { ...work, round: event.round } }, event);
      },
    },
  ],
  [
    'any acknowledgement settles the work',
    ['exactly-once', 'steps-lost'],
    {
      advance: (session, event) => {
        const { work } = session;
        if (event.kind !== 'acknowledged' || !('payload' in work)) return advance(session, event);
        return advance(session, { ...event, payload: work.payload });
      },
    },
  ],
  [
    'an offer that a lost connection took is not repeated',
    ['node-idles'],
    {
      advance: (session, event) => {
        const [next, effects] = advance(session, event);
        if (event.kind !== 'disconnected' || session.work.kind !== 'offered') return [next, effects];
        return [{ ...next, work: session.work }, effects];
      },
    },
  ],
  [
    'the report of a stopped job counts',
    ['exactly-once', 'same-base'],
    {
      advance: (session, event) =>
        advance(session, event.kind === 'trained' ? { ...event, job: session.job } : event),
    },
  ],
  [
    'a session does not try again after the second failure',
    ['node-idles'],
    {
      advance: (session, event) => {
        const [next, effects] = advance(session, event);
        if (next.attempt < 2) return [next, effects];
        return [next, effects.filter(({ kind }) => kind !== 'wait')];
      },
    },
  ],
  [
    'work that an abandoned attempt had accepted is given up',
    ['steps-lost'],
    {
      advance: (session, event) => {
        const { work } = session;
        if (event.kind !== 'abandoned' || work.kind !== 'accepted') return advance(session, event);
        const [next, effects] = advance({ ...session, work: idle }, event);
        return [next, [...effects, { kind: 'settle', payload: work.payload }]];
      },
    },
  ],
  [
    'an abandoned round leaves its nodes without work',
    ['node-idles', 'run-ends'],
    {
      advance: (session, event) => {
        if (event.kind !== 'opened') return advance(session, event);
        return advance({ ...session, settled: event.round }, event);
      },
    },
  ],
];

test.each(planted)('a planted bug is found: %s', (_, expected, under) => {
  const most = 500;
  for (let drawn = seed; drawn < seed + most; drawn++) {
    const { violation } = runSeed(drawn, { ...machines, ...under });
    if (violation === null) continue;
    expect(expected).toContain(violation.invariant);
    return;
  }
  expect.fail(`${most} seeds do not find it`);
});
