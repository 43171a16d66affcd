import { expect, test } from 'vitest';
import { roundEnd } from '../../../../apps/dashboard/round/round-end.ts';
import type { RelayStatus } from '../../../../relay/wire/status.ts';
import { scriptedStatus } from '../../../support/pages/scenarios.ts';

const now = 1_800_000_000_000;
const hour = 3_600_000;
const base = scriptedStatus({ rounds: 20, done: 7, nodes: 3, now });
/** 512 tokens a step: 32 steps left are 16 s at 1,024 tokens/s. */
const node = (part: Partial<RelayStatus['nodes'][number]>): RelayStatus['nodes'][number] => ({
  ...{ ...(base.nodes[0] ?? missing()), state: 'training', steps: 18, tokensPerSecond: 1024 },
  ...part,
});
const missing = (): never => {
  throw new Error('the scene has nodes');
};
const round = {
  ...base.round,
  phase: 'training',
  contributions: 1,
  target: 3,
  openedAt: now - 10_000,
} as const;
const scene = (nodes: RelayStatus['nodes'], deadlineAt: number | null = now + hour): RelayStatus => ({
  ...base,
  round: { ...round, deadlineAt },
  nodes,
});
const done = node({ state: 'waiting', steps: 50 });

test('a round ends with the contribution that it waits for last, and not with a deadline far away', () => {
  const slow = node({ tokensPerSecond: 512 });
  expect(roundEnd(scene([done, node({}), slow]), now)).toBe(now + 32_000);
  expect(roundEnd(scene([done, node({}), slow], null), now)).toBe(now + 32_000);
  // Only so many as the round waits for count.
  expect(roundEnd(scene([done, node({}), slow, node({ tokensPerSecond: 1 })]), now)).toBe(now + 32_000);
  expect(roundEnd(scene([done, node({ state: 'uploading' }), slow]), now)).toBe(now + 32_000);
});

test('the deadline counts where it comes first, and where a pause keeps the round waiting', () => {
  expect(roundEnd(scene([done, node({}), node({})], now + 5000), now)).toBe(now + 5000);
  expect(roundEnd(scene([done, node({}), node({ state: 'paused', tokensPerSecond: 0 })]), now)).toBe(
    now + hour,
  );
});

test('before speeds are measured, a round lasts as long as the latest did', () => {
  const started = node({ steps: 0, tokensPerSecond: 0 });
  expect(roundEnd(scene([done, started, started]), now)).toBe(now + 50_000);
  const first = { ...scene([done, started, started]), history: [] };
  expect(roundEnd(first, now)).toBe(now + hour);
  expect(roundEnd({ ...first, round: { ...round, deadlineAt: null } }, now)).toBeNull();
});

test('no end is told while no round is open', () => {
  for (const phase of ['waiting', 'complete'] as const)
    expect(roundEnd({ ...base, round: { ...base.round, phase } }, now)).toBeNull();
});
