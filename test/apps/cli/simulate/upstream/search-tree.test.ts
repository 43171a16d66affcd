import { expect, test } from 'vitest';
import type { Invariant } from '../../../../../apps/cli/simulate/invariants/invariant.ts';
import { runTreeSeed } from '../../../../../apps/cli/simulate/upstream/search-tree.ts';
import { type Machines, machines } from '../../../../../apps/cli/simulate/world/machines.ts';
import { Upstream } from '../../../../../relay/run/upstream/upstream.ts';
import { RefusalCode } from '../../../../../relay/wire/tapestry_pb.js';
import { seed } from '../../../../support/seed.ts';

test('60 seeds of faults between an upstream relay and those below it break no invariant', async () => {
  const found: string[] = [];
  const totals = { rounds: 0, applied: 0, abandoned: 0 };
  for (let drawn = seed; drawn < seed + 60; drawn++) {
    const result = await runTreeSeed(drawn);
    const { violation } = result;
    if (violation !== null) found.push(`seed ${drawn}: ${violation.invariant}: ${violation.message}`);
    for (const name of ['rounds', 'applied', 'abandoned'] as const) totals[name] += result[name];
  }
  expect(found).toEqual([]);
  // The worlds must do something.
  expect(totals.rounds).toBeGreaterThan(800);
  expect(totals.applied).toBeGreaterThan(400);
  expect(totals.abandoned).toBeGreaterThan(2);
});

test('a seed replays every step of every relay', async () => {
  const traces: string[][] = [];
  for (let again = 0; again < 2; again++) {
    const lines: string[] = [];
    await runTreeSeed(seed + 5, machines, (line) => lines.push(line));
    traces.push(lines);
  }
  expect(traces[0]?.length).toBeGreaterThan(50);
  expect(traces[1]).toEqual(traces[0]);
});

const { advance } = machines;

/** A relay that says that it adopted a base, and did not. */
class Faithless extends Upstream {
  override async adopt(): Promise<boolean> {
    return true;
  }
}

const planted: readonly (readonly [bug: string, found: readonly Invariant[], under: Partial<Machines>])[] = [
  ['a relay adopts no base and says so', ['upstream-followed'], { Upstream: Faithless }],
  [
    'a relay that starts again does not know what it had offered',
    ['upstream-once', 'upstream-lost'],
    {
      advance: (session, event) => (event.kind === 'restored' ? [session, []] : advance(session, event)),
    },
  ],
  [
    'work whose receipt was lost is sent again without asking whether it counts',
    ['upstream-once', 'upstream-lost'],
    {
      advance: (session, event) => {
        const { work } = session;
        if (event.kind !== 'welcomed' || !('inDoubt' in work)) return advance(session, event);
        return advance({ ...session, work: { ...work, inDoubt: false } }, event);
      },
    },
  ],
  [
    'work that came too late is taken for accepted',
    ['upstream-lost', 'exactly-once'],
    {
      advance: (session, event) => {
        const { work } = session;
        const isLate = event.kind === 'refused' && event.code === RefusalCode.TOO_LATE;
        if (!isLate || !('payload' in work)) return advance(session, event);
        return advance(session, { ...event, code: RefusalCode.DUPLICATE });
      },
    },
  ],
];

test.each(planted)('the worlds of relays find a planted bug: %s', async (_, expected, under) => {
  const most = 60;
  for (let drawn = seed; drawn < seed + most; drawn++) {
    const { violation } = await runTreeSeed(drawn, { ...machines, ...under });
    if (violation === null) continue;
    expect(expected).toContain(violation.invariant);
    return;
  }
  expect.fail(`${most} seeds do not find it`);
});
