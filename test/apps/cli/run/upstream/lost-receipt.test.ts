import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { sentWorkFile } from '../../../../../apps/cli/run/upstream/sent-work.ts';
import type { Relay } from '../../../../../relay/server/server.ts';
import { folderSource } from '../../../../../relay/verify/folder-source.ts';
import { tinyRun } from '../../../../support/contribute/harness.ts';
import { start, until } from '../../../../support/relay/stage.ts';
import { reportOf } from '../../../../support/relay/written-run.ts';
import { temporaryFolder } from '../../../../support/temporary-folder.ts';
import { committed, countedSteps, Nation } from '../../../../support/upstream/nation.ts';

const create = tinyRun({ rounds: 12, localSteps: 40, quorum: 1, target: 2 });

/** An upstream relay and two below it, of which the northern one's first contribution is accepted and its receipt lost. */
async function withoutReceipt(): Promise<{ folder: string; upstream: Relay; north: Nation; south: Nation }> {
  const folder = temporaryFolder();
  const upstream = await start({ folder, create });
  const [north, south] = [await Nation.start(upstream, 4), await Nation.start(upstream, 8)];
  await until(() => upstream.status().nodes.length === 2);
  north.line.loseReceipt();
  await north.work();
  await until(() => north.line.isCut);
  expect(upstream.status().round.contributions).toBe(1);
  return { folder, upstream, north, south };
}

async function nothingTwice(folder: string, upstream: Relay, north: Nation, south: Nation): Promise<void> {
  // All rounds of each nation went up, none of them twice.
  expect(countedSteps(upstream)).toBe(north.steps + south.steps);
  const { hash } = await upstream.base();
  await upstream.close();
  expect(await reportOf(folderSource(folder))).toMatchObject({ problems: [], base: hash });
  for (const nation of [north, south]) {
    nation.leave();
    await nation.relay.close();
    expect(await reportOf(folderSource(nation.folder))).toMatchObject({ problems: [], base: hash });
  }
}

test('a relay whose receipt was lost asks for it rounds later, and sends nothing twice', async () => {
  const { folder, upstream, north, south } = await withoutReceipt();
  // The upstream run goes on without it, and it goes on alone.
  await until(() => north.relay.status().base.upstream?.state === 'alone');
  for (let round = 1; round <= 3; round++) {
    await south.work();
    await committed(upstream, round);
    await south.adopted(round, upstream);
  }
  await north.work();
  await north.work();
  expect(countedSteps(upstream)).toBe(4 + 3 * 8);

  north.line.mend();
  await until(() => north.relay.status().base.upstream?.state === 'following');
  await until(() => upstream.status().round.contributions === 1);
  // It has opened one more round alone, whose work goes up in the round after.
  await Promise.all([north.work(), south.work()]);
  await committed(upstream, 4);
  await south.work();
  await committed(upstream, 5);
  await Promise.all([north.adopted(5, upstream), south.adopted(5, upstream)]);
  await nothingTwice(folder, upstream, north, south);
});

test('a relay that starts again before it adopted asks for what it had sent, even of an upstream relay that started again too', async () => {
  const { folder, upstream, north, south } = await withoutReceipt();
  await north.part();
  await south.work();
  await committed(upstream, 1);
  await south.adopted(1, upstream);
  await south.work();
  await committed(upstream, 2);
  await south.part();
  await upstream.close();
  const again = await start({ folder, create });

  north.line.mend();
  await Promise.all([north.join(again), south.join(again)]);
  // Each opened a round alone, whose work goes up too.
  await Promise.all([north.work(), south.work()]);
  await committed(again, 3);
  await Promise.all([north.adopted(3, again), south.adopted(3, again)]);
  await nothingTwice(folder, again, north, south);
});

test('a relay that starts again while its round is open is answered with the receipt of what it had sent', async () => {
  const folder = temporaryFolder();
  const lonely = tinyRun({ rounds: 12, localSteps: 40, quorum: 2, target: 2 });
  const upstream = await start({ folder, create: lonely });
  const [north, south] = [await Nation.start(upstream, 4), await Nation.start(upstream, 8)];
  await until(() => upstream.status().nodes.length === 2);
  north.line.loseReceipt();
  await north.work();
  await until(() => north.line.isCut);
  await north.part();
  north.line.mend();
  await north.join(upstream);
  await south.work();
  await committed(upstream, 1);
  await south.adopted(1, upstream);
  expect(countedSteps(upstream)).toBe(4 + 8);
  // It opened a round alone meanwhile, whose work goes up too.
  await Promise.all([north.work(), south.work()]);
  await committed(upstream, 2);
  await Promise.all([north.adopted(2, upstream), south.adopted(2, upstream)]);
  await nothingTwice(folder, upstream, north, south);
});

test('a relay that lost what it sent goes on alone while that may count, and joins again with the file', async () => {
  const folder = temporaryFolder();
  const lonely = tinyRun({ rounds: 12, localSteps: 40, quorum: 2, target: 2 });
  const upstream = await start({ folder, create: lonely });
  const [north, south] = [await Nation.start(upstream, 4), await Nation.start(upstream, 8)];
  await until(() => upstream.status().nodes.length === 2);
  await north.work();
  await until(() => upstream.status().round.contributions === 1);
  await north.part();
  const sent = join(north.folder, 'upstream', sentWorkFile(upstream.runId));
  renameSync(sent, `${sent}.copy`);
  for (const round of [0, 1]) {
    expect(await north.problem(upstream)).toMatchObject({ code: 'upstream.lost-work' });
    // In the open round, and after its commit.
    if (round === 0) await south.work();
    await committed(upstream, 1);
  }
  await north.work();
  expect(north.relay.status().base.upstream?.state).toBe('alone');
  renameSync(`${sent}.copy`, sent);
  await north.join(upstream);
  // What it did alone goes up now, and the round that it opened then in the round after.
  await until(() => upstream.status().round.contributions === 1);
  await south.work();
  await committed(upstream, 2);
  await Promise.all([north.work(), south.work()]);
  await committed(upstream, 3);
  await Promise.all([north.adopted(3, upstream), south.adopted(3, upstream)]);
  await nothingTwice(folder, upstream, north, south);
});
