import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { folderSource } from '../../../../../relay/verify/folder-source.ts';
import { tinyRun } from '../../../../support/contribute/harness.ts';
import { runPython } from '../../../../support/python.ts';
import { journalOf } from '../../../../support/relay/journal-of.ts';
import { start, until } from '../../../../support/relay/stage.ts';
import { reportOf } from '../../../../support/relay/written-run.ts';
import { temporaryFolder } from '../../../../support/temporary-folder.ts';
import { Nation } from '../../../../support/upstream/nation.ts';
import { stepsIn } from '../../../../support/upstream/steps-in.ts';

const mixing = { every: 2, weight: 0.25 };

function mixes({ folder }: Nation) {
  return journalOf(folder).flatMap((entry) => (entry.kind === 'upstream-mixed' ? [entry.body] : []));
}

/** The rounds of a nation that are in the upstream base that it mixed in last. */
const through = (nation: Nation) => mixes(nation).at(-1)?.through ?? 0;

async function verified(nation: Nation): Promise<void> {
  nation.leave();
  await nation.relay.close();
  const report = await reportOf(folderSource(nation.folder));
  expect(report).toMatchObject({ problems: [] });
  const python = await runPython(join(import.meta.dirname, '../../../../verifier/verify.py'), nation.folder);
  expect([python.stderr, JSON.parse(python.stdout)]).toMatchObject(['', { base: report.base, problems: [] }]);
}

/** Every upstream base that a nation mixed in holds as many of its rounds as the nation says: none is lost, none is there twice. */
function checkOnce(upstream: string, nation: Nation): void {
  const told = mixes(nation);
  expect(told.length).toBeGreaterThan(2);
  expect(stepsIn(upstream, nation.key, told)).toEqual(
    told.map((each) => (each.through * nation.steps) / nation.rounds),
  );
}

/** Both go on, round after round, until it is so. */
async function goOn(nations: readonly Nation[], isSo: () => boolean): Promise<void> {
  const until = performance.now() + 60_000;
  while (!isSo() && performance.now() < until) {
    await Promise.all(nations.map((nation) => nation.work()));
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  expect(isSo()).toBe(true);
}

test('relays that mix do not wait: their rounds go on while work is on its way, and each goes up once', async () => {
  const folder = temporaryFolder();
  const create = tinyRun({ rounds: 100, localSteps: 4000, quorum: 2, target: 2 });
  const first = await start({ folder, create });
  const north = await Nation.start(first, 4, { mixing, rounds: 2000 });
  const south = await Nation.start(first, 2, { mixing, rounds: 2000 });
  const both = [north, south];
  // The first upstream round waits for the southern one, and the northern one does not.
  await north.work();
  await north.work();
  await until(() => first.status().round.contributions === 1);
  for (let round = 0; round < 4; round++) await north.work();
  expect([north.rounds, first.status().history.length]).toEqual([6, 0]);
  await goOn(both, () => both.every((nation) => (mixes(nation).at(-1)?.round ?? 0) >= 3));
  expect(mixes(north)[0]).toMatchObject({ round: 1, through: 2, upstream: first.status().history[0]?.base });

  // The upstream relay ends, and both go on; one of them starts again meanwhile.
  await first.close();
  for (let round = 0; round < 3; round++) await Promise.all([north.work(), south.work()]);
  await north.part();
  await Promise.all([north.work(), south.work()]);
  const again = await start({ folder, create, port: Number(first.url.port) });
  const before = again.status().history.length;
  await north.join(again);
  await goOn(both, () => both.every((nation) => (mixes(nation).at(-1)?.round ?? 0) >= before + 3));
  for (const nation of both) checkOnce(folder, nation);

  const { upstream } = mixes(north).at(-1) ?? { upstream: '' };
  await again.close();
  expect((await reportOf(folderSource(folder))).problems).toEqual([]);
  for (const nation of both) await verified(nation);
  // What a base was mixed of is evidence.
  const path = join(north.folder, 'blobs', upstream.slice(0, 2), upstream);
  rmSync(path);
  expect((await reportOf(folderSource(north.folder))).problems).not.toEqual([]);
});

test('an upstream run of arrivals takes the work of each nation as it comes, and no nation waits for the other', async () => {
  const folder = temporaryFolder();
  const create = tinyRun({
    ...{ rounds: 100, localSteps: 4000, quorum: 1, target: 1 },
    arrivals: { maxStaleness: 8, leastSteps: 1 },
  });
  const upstream = await start({ folder, create });
  const north = await Nation.start(upstream, 4, { mixing, rounds: 2000 });
  const south = await Nation.start(upstream, 2, { mixing, rounds: 2000 });
  await goOn([north], () => through(north) >= 4);
  expect(through(south)).toBe(0);
  const both = [north, south];
  await goOn(both, () => through(south) >= 8);
  for (const nation of both) checkOnce(folder, nation);
  await upstream.close();
  expect((await reportOf(folderSource(folder))).problems).toEqual([]);
  for (const nation of both) await verified(nation);
});
