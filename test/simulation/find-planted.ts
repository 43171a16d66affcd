import { expect } from 'vitest';
import type { Invariant } from '../../apps/cli/simulate/invariants/invariant.ts';
import { runSeed } from '../../apps/cli/simulate/search.ts';
import { type Machines, machines } from '../../apps/cli/simulate/world/machines.ts';
import { seed } from '../support/seed.ts';

/** A bug that is planted in the machines, and the invariants of which one must break. */
export type Planted = readonly [bug: string, found: readonly Invariant[], under: Partial<Machines>];

/** Fails unless one of the seeds that the tests run finds the bug. */
export async function findPlanted(expected: readonly Invariant[], under: Partial<Machines>): Promise<void> {
  const most = 1500;
  for (let drawn = seed; drawn < seed + most; drawn++) {
    const { violation } = await runSeed(drawn, { ...machines, ...under });
    if (violation === null) continue;
    expect(expected).toContain(violation.invariant);
    return;
  }
  expect.fail(`${most} seeds do not find it`);
}
