import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { folderSource } from '../../../../../relay/verify/folder-source.ts';
import { toHex } from '../../../../../relay/wire/hex.ts';
import { tinyRun } from '../../../../support/contribute/harness.ts';
import { runPython } from '../../../../support/python.ts';
import { journal, start, until } from '../../../../support/relay/stage.ts';
import { reportOf } from '../../../../support/relay/written-run.ts';
import { temporaryFolder } from '../../../../support/temporary-folder.ts';
import { committed, Nation } from '../../../../support/upstream/nation.ts';

test('two national relays follow an upstream run, work alone while it is gone, and catch up', async () => {
  const folder = temporaryFolder();
  const create = tinyRun({ rounds: 9, localSteps: 40, quorum: 2, target: 2 });
  const first = await start({ folder, create });
  const [north, south] = [await Nation.start(first, 4), await Nation.start(first, 8)];
  for (const { relay } of [north, south]) {
    expect(relay.manifest.upstream.map(toHex)).toEqual([first.runId]);
    expect((await relay.base()).hash).toBe((await first.base()).hash);
  }

  await Promise.all([north.work(), south.work()]);
  await committed(first, 1);
  expect(first.status().history[0]).toMatchObject({ contributions: 2, tokens: 12 * 32 });
  await Promise.all([north.adopted(1, first), south.adopted(1, first)]);
  const firstBase = (await first.base()).hash;

  // The upstream relay ends in the middle of a round, to which only one of them has contributed.
  await north.work();
  await until(() => first.status().round.contributions === 1);
  expect(north.relay.status().round.phase).toBe('waiting');
  await first.close();
  for (const { relay } of [north, south]) await until(() => relay.status().base.upstream?.state === 'alone');
  for (let round = 0; round < 2; round++) await Promise.all([north.work(), south.work()]);
  expect([north.rounds, south.rounds]).toEqual([4, 3]);

  const second = await start({ folder, create, port: Number(first.url.port) });
  await committed(second, 3);
  // Each has opened one more round alone. Its work goes up too, and then they adopt.
  await Promise.all([north.work(), south.work()]);
  await committed(second, 4);
  await Promise.all([north.adopted(4, second), south.adopted(4, second)]);
  const tokens = second.status().history.map((round) => round.tokens / 32);
  expect(tokens[0]).toBe(4 + 8);
  // All rounds of each nation went up, none of them twice.
  expect(tokens.reduce((sum, each) => sum + each)).toBe(north.rounds * 4 + south.rounds * 8);

  await Promise.all([north.work(), south.work()]);
  await committed(second, 5);
  await Promise.all([north.adopted(5, second), south.adopted(5, second)]);

  const up = (await journal(second)).filter(({ kind }) => kind === 'contribution-accepted');
  const keys = up.map(({ body }) => ('key' in body ? body.key : null));
  expect(new Set(keys)).toEqual(new Set([north.key, south.key]));
  const above = (await second.base()).hash;
  await second.close();
  for (const nation of [north, south]) {
    nation.leave();
    await nation.relay.close();
    const report = await reportOf(folderSource(nation.folder));
    expect(report).toMatchObject({ problems: [], rounds: nation.rounds, base: above });
    const again = await start({ folder: nation.folder, create: nation.create });
    expect((await again.base()).hash).toBe(above);
  }
  expect((await reportOf(folderSource(folder))).problems).toEqual([]);

  const python = await runPython(join(import.meta.dirname, '../../../../verifier/verify.py'), north.folder);
  expect([python.stderr, JSON.parse(python.stdout)]).toMatchObject(['', { base: above, problems: [] }]);
  // An adopted base is evidence: without it no later base can be derived.
  rmSync(join(north.folder, 'blobs', firstBase.slice(0, 2), firstBase));
  expect((await reportOf(folderSource(north.folder))).problems).not.toEqual([]);
});
