import { expect, onTestFinished, test } from 'vitest';
import { Run } from '../../../../relay/run/run.ts';
import { folderSource } from '../../../../relay/verify/folder-source.ts';
import { fromHex } from '../../../../relay/wire/hex.ts';
import {
  contribute,
  drawnPayload,
  settled,
  TestClock,
  type TestNode,
  type TinyRun,
  testNodes,
  tinyRun,
} from '../../../support/relay/run-support.ts';
import { reportOf } from '../../../support/relay/written-run.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

const arrivals = { maxStaleness: 2, leastSteps: 2 };
const outer = {
  case: 'delayedNesterov',
  value: { learningRate: 0.7, momentum: 0.5, period: 3, correction: { case: 'uncorrected', value: {} } },
} as const;

/** A run with arrivals, and nodes that are connected. */
async function opened(count: number, options: TinyRun = {}) {
  const folder = temporaryFolder();
  const clock = new TestClock();
  const create = tinyRun({ rounds: 8, quorum: 1, target: 1, arrivals, outer, ...options });
  const run = await Run.open(folder, create, clock);
  onTestFinished(() => run.close());
  const nodes = await testNodes(count);
  for (const { key } of nodes) run.nodeJoined(key, 0);
  await settled(run);
  return { folder, clock, run, nodes, create };
}

/** What a node that begins now names in its offer. */
const begun = (run: Run) => ({ round: run.current().round, base: fromHex(run.current().base) });

const nodeAt = (nodes: readonly TestNode[], i: number): TestNode => {
  const node = nodes[i];
  if (node === undefined) throw new Error(`no node ${i}`);
  return node;
};

test('each arrival makes a base, also of work from a base before; older work is refused, and both are told', async () => {
  const { run, nodes, folder } = await opened(3);
  const first = begun(run);
  const [fast, slow, late] = [0, 1, 2].map((i) => nodeAt(nodes, i)) as [TestNode, TestNode, TestNode];
  for (let round = 1; round <= 2; round++) {
    expect(await contribute(run, fast, drawnPayload(100, round), begun(run))).toMatchObject({ round });
    await settled(run);
  }
  // Begun in round 1, it counts in round 3.
  expect(await contribute(run, slow, drawnPayload(100, 10), first)).toMatchObject({ round: 3, attempt: 1 });
  await settled(run);
  expect(run.current().round).toBe(4);
  expect(await contribute(run, late, drawnPayload(100, 20), first)).toBe('STALE_BASE');
  expect(await contribute(run, late, drawnPayload(100, 20), { ...first, round: 3 })).toBe('STALE_BASE');
  expect(await contribute(run, late, drawnPayload(100, 20), { ...begun(run), round: 5 })).toBe('WRONG_ROUND');
  expect(run.history().map(({ contributions }) => contributions)).toEqual([1, 1, 1]);
  expect(await reportOf(folderSource(folder))).toMatchObject({ rounds: 3, problems: [] });
});

test('nothing counts twice: not in its own round, not in a later one, and not under another key', async () => {
  const { run, nodes } = await opened(2);
  const [one, other] = [nodeAt(nodes, 0), nodeAt(nodes, 1)];
  const first = begun(run);
  const receipt = await contribute(run, one, drawnPayload(100, 1), first);
  expect(receipt).toMatchObject({ round: 1 });
  await settled(run);
  // The same offer again has the same receipt; other work from the same base, and the same payload for another, do not count.
  expect(await contribute(run, one, drawnPayload(100, 1), first)).toEqual(
    expect.objectContaining({ sequence: (receipt as { sequence: bigint }).sequence }),
  );
  expect(await contribute(run, one, drawnPayload(100, 2), first)).toBe('DUPLICATE');
  expect(await contribute(run, one, drawnPayload(100, 1), begun(run))).toBe('DUPLICATE');
  expect(await contribute(run, other, drawnPayload(100, 1), begun(run))).toBe('DUPLICATE');
  expect(run.history()).toHaveLength(1);
  expect(await contribute(run, one, drawnPayload(100, 3), begun(run))).toMatchObject({ round: 2 });
});

test('what arrives together waits for its round: one base after the other, and nobody is too late', async () => {
  const { run, nodes, folder } = await opened(3);
  const first = begun(run);
  const receipts = await Promise.all(
    nodes.map((node, i) => contribute(run, node, drawnPayload(100, i), first)),
  );
  const rounds = receipts.map((receipt) => (typeof receipt === 'string' ? receipt : receipt.round));
  expect(rounds.sort()).toEqual([1, 2, 3]);
  await settled(run);
  expect(run.history().map(({ contributions }) => contributions)).toEqual([1, 1, 1]);
  expect(await reportOf(folderSource(folder))).toMatchObject({ rounds: 3, problems: [] });
});

test('with a target of two, a base is made of two arrivals, or of what came by the deadline', async () => {
  const { run, nodes, clock } = await opened(3, { target: 2 });
  const first = begun(run);
  for (const i of [0, 1]) await contribute(run, nodeAt(nodes, i), drawnPayload(100, i), first);
  await settled(run);
  expect(run.history().map(({ contributions }) => contributions)).toEqual([2]);
  // One that has contributed to the open round waits for the next with its next work.
  expect(await contribute(run, nodeAt(nodes, 2), drawnPayload(100, 2), first)).toMatchObject({ round: 2 });
  const second = begun(run);
  const waits = contribute(run, nodeAt(nodes, 2), drawnPayload(100, 3), second);
  clock.pass(60_000);
  await settled(run);
  expect(await waits).toMatchObject({ round: 3 });
  expect(run.history().map(({ contributions }) => contributions)).toEqual([2, 1]);
});

test('a relay that starts again knows what counted, and takes recent work', async () => {
  const { run, nodes, folder, clock } = await opened(2);
  const first = begun(run);
  await contribute(run, nodeAt(nodes, 0), drawnPayload(100, 1), first);
  await settled(run);
  await run.close();
  const again = await Run.open(folder, undefined, clock);
  onTestFinished(() => again.close());
  for (const { key } of nodes) again.nodeJoined(key, 0);
  await settled(again);
  expect(await contribute(again, nodeAt(nodes, 0), drawnPayload(100, 1), first)).toMatchObject({ round: 1 });
  expect(await contribute(again, nodeAt(nodes, 0), drawnPayload(100, 2), first)).toBe('DUPLICATE');
  expect(await contribute(again, nodeAt(nodes, 1), drawnPayload(100, 3), first)).toMatchObject({ round: 2 });
});

test('a relay that stops answers what waits, and the run goes on with it', async () => {
  const { run, nodes, folder, clock } = await opened(2, { target: 2 });
  const first = begun(run);
  await contribute(run, nodeAt(nodes, 0), drawnPayload(100, 1), first);
  const second = { ...first };
  const waits = contribute(run, nodeAt(nodes, 0), drawnPayload(100, 2), { ...second });
  expect(await waits).toBe('DUPLICATE');
  await run.close();
  const again = await Run.open(folder, undefined, clock);
  onTestFinished(() => again.close());
  for (const { key } of nodes) again.nodeJoined(key, 0);
  await settled(again);
  expect(await contribute(again, nodeAt(nodes, 1), drawnPayload(100, 3), first)).toMatchObject({ round: 1 });
  await settled(again);
  expect(again.history().map(({ contributions }) => contributions)).toEqual([2]);
});

test('a delta is bounded by the norm of the round that it began from', async () => {
  const { run, nodes, folder } = await opened(2, { following: { factor: 1, rounds: 1 } });
  const first = begun(run);
  // A short delta lowers the bound of the next round.
  const short = drawnPayload(100, 1).map((byte) => byte);
  const tiny = drawnPayload(100, 5);
  expect(await contribute(run, nodeAt(nodes, 0), tiny, first)).toMatchObject({ round: 1 });
  await settled(run);
  expect(run.current().normBound).toBeLessThan(2);
  expect(await contribute(run, nodeAt(nodes, 1), short, first)).toMatchObject({ round: 2 });
  await settled(run);
  expect(await reportOf(folderSource(folder))).toMatchObject({ rounds: 2, problems: [] });
});
