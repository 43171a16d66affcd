import { expect, test } from 'vitest';
import { Run } from '../../../../relay/run/run.ts';
import { folderSource } from '../../../../relay/verify/folder-source.ts';
import { ModelPart } from '../../../../relay/wire/tapestry_pb.js';
import { a, b, c, clock, openRound } from '../../../support/relay/open-round.ts';
import { contribute, drawnPayload, settled, tinyRun } from '../../../support/relay/run-support.ts';
import { places, rechained, replaceEntries, reportOf, rowsOf } from '../../../support/relay/written-run.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

const from = 60;
const upperFrom = { upperFrom: from };
const upper = { part: ModelPart.UPPER };
/** The payload of a delta of the upper layers. */
const partPayload = (seed: number) => drawnPayload(100 - from, seed);

/** Two rounds: of two whole deltas and one of the upper layers, and of three of the upper layers. */
async function mixedRun(folder: string): Promise<Run> {
  const run = await openRound(folder, tinyRun(upperFrom));
  expect(await contribute(run, a, drawnPayload(100, 1))).toMatchObject({ round: 1 });
  expect(await contribute(run, b, drawnPayload(100, 2), { steps: 4 })).toMatchObject({ round: 1 });
  expect(await contribute(run, c, partPayload(3), { ...upper, steps: 6 })).toMatchObject({ round: 1 });
  await settled(run);
  const { parameters: before } = await run.base();
  for (const [i, node] of [a, b, c].entries())
    expect(await contribute(run, node, partPayload(10 + i), upper)).toMatchObject({ round: 2 });
  await settled(run);
  const { round, parameters } = await run.base();
  expect(round).toBe(2);
  expect(parameters.slice(0, from)).toEqual(before.slice(0, from));
  expect(parameters.slice(from)).not.toEqual(before.slice(from));
  return run;
}

test('a run takes both kinds, opens again as it was, and verifies', async () => {
  const folder = temporaryFolder();
  const run = await mixedRun(folder);
  const { hash } = await run.base();
  await run.close();
  const again = await Run.open(folder, undefined, clock);
  expect((await again.base()).hash).toBe(hash);
  expect(again.totals()).toMatchObject({
    contributions: 6,
    payloadBytes: 2 * drawnPayload(100, 1).length + 4 * partPayload(3).length,
  });
  await again.close();
  const report = await reportOf(folderSource(folder));
  expect(report.problems).toEqual([]);
  expect(report).toMatchObject({ rounds: 2, contributions: 6, base: hash });
});

test('a payload of another length than its part has, or one whose delta is too long for it, is refused', async () => {
  const run = await openRound(temporaryFolder(), tinyRun(upperFrom));
  expect(await contribute(run, a, drawnPayload(100, 1), upper)).toBe('OUT_OF_LIMIT');
  expect(await contribute(run, a, partPayload(1))).toBe('OUT_OF_LIMIT');
  const unreadable = partPayload(1);
  unreadable[0] = 200;
  expect(await contribute(run, a, unreadable, upper)).toBe('BAD_PAYLOAD');
  // The bound of a part is that of a whole delta.
  const long = drawnPayload(100 - from, 2);
  long.fill(127, 1, 33);
  long[0] = 6;
  expect(await contribute(run, a, long, upper)).toBe('NORM_EXCEEDED');
  expect(await contribute(run, a, partPayload(1), upper)).toMatchObject({ round: 1 });
  // A node has one contribution to a round, of whichever part.
  expect(await contribute(run, a, drawnPayload(100, 1))).toBe('DUPLICATE');
  await run.close();
});

test('a contribution that the journal says to be of another part than its node signed is found', async () => {
  const folder = temporaryFolder();
  await (await mixedRun(folder)).close();
  const rows = rowsOf(`${folder}/journal.sqlite`);
  const at = rows.findIndex(({ body }) => body.includes('"part":"upper"'));
  const changed = rows.map((row, i) =>
    i === at ? { ...row, body: row.body.replace('"part":"upper"', '"part":"whole"') } : row,
  );
  replaceEntries(`${folder}/journal.sqlite`, rechained(changed));
  const { problems } = await reportOf(folderSource(folder));
  expect(places(problems)).toContain(`journal entry ${at + 1}, body.payloadBytes`);
});
