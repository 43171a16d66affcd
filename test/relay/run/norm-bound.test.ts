import { expect, test } from 'vitest';
import { NormBound } from '../../../relay/run/norm-bound.ts';
import { folderSource } from '../../../relay/verify/folder-source.ts';
import { a, b, c, openRound } from '../../support/relay/open-round.ts';
import { contribute, grid, payloadOfValues, settled, tinyRun } from '../../support/relay/run-support.ts';
import { reportOf } from '../../support/relay/written-run.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const codec = { clipNorm: 10, unit: 0.5 };

test('the bound is a multiple of the largest median of the newest rounds, and at most the clip norm', () => {
  const bound = new NormBound(
    { norm: { case: 'following', value: { factor: 2, rounds: 2 } } as never },
    codec,
  );
  const bounds = [bound.value];
  for (const median of [3, 2, 1, 50, 0, 0]) {
    bound.add(median);
    bounds.push(bound.value);
  }
  expect(bounds).toEqual([10, 3, 3, 2, 10, 10, 10]);
});

/** A delta of about this norm, which differs with `at`. */
const long = (norm: number, at: number) =>
  payloadOfValues(new Float32Array(100).map((_, i) => (i === at ? -norm : norm) / 10));

test('a relay refuses what is longer than the rounds before allow, and verify derives the same bound', async () => {
  const folder = temporaryFolder();
  const run = await openRound(folder, tinyRun({ following: { factor: 2, rounds: 2 } }));
  expect(run.current().normBound).toBe(grid.clipNorm);
  // One node of three is as long as the clip norm allows, and does not move the median.
  for (const [i, [node, norm]] of (
    [
      [a, 1],
      [b, 10],
      [c, 1],
    ] as const
  ).entries())
    expect(await contribute(run, node, long(norm, i))).toMatchObject({ round: 1 });
  await settled(run);
  expect(run.current().normBound).toBeCloseTo(2, 1);
  expect(await contribute(run, a, long(3, 4))).toBe('NORM_EXCEEDED');
  for (const [i, node] of [a, b, c].entries())
    expect(await contribute(run, node, long(2, i))).toMatchObject({ round: 2 });
  await settled(run);
  expect(run.current().normBound).toBeCloseTo(4, 1);
  await run.close();
  expect((await reportOf(folderSource(folder))).problems).toEqual([]);
});
