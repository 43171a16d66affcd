import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Run } from '../../relay/run/run.ts';
import { folderSource } from '../../relay/verify/folder-source.ts';
import { fromHex } from '../../relay/wire/hex.ts';
import { runPython } from '../support/python.ts';
import {
  contribute,
  drawnPayload,
  settled,
  TestClock,
  testNodes,
  tinyRun,
} from '../support/relay/run-support.ts';
import { places, rechained, replaceEntries, reportOf, rowsOf } from '../support/relay/written-run.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const parameters = 70;
const verifier = join(import.meta.dirname, 'verify.py');

/** An asynchronous run with HeLoCo, of which payloads of four rounds are kept: verifiers begin in the middle. */
const created = tinyRun({
  ...{ rounds: 12, parameters, quorum: 1, target: 1, payloadRounds: 4 },
  ...{ arrivals: { maxStaleness: 3, leastSteps: 2 }, following: { factor: 4, rounds: 4 } },
  downlink: { case: 'statisticalDeltas', value: { block: 32, exponent: -22, maxShift: 14 } },
  outer: {
    case: 'delayedNesterov',
    value: {
      ...{ learningRate: 0.7, momentum: 0.5, period: 3 },
      correction: { case: 'heloco', value: { tensors: [30, 40], aligned: 0.2, turn: 0.5 } },
    },
  },
});

/** Three nodes, of which one arrives in every second round and one in every fourth, and the relay starts again between rounds. */
async function played(folder: string): Promise<string> {
  const nodes = await testNodes(3);
  const began = nodes.map(() => ({ round: 1, base: new Uint8Array() }));
  const due = [1, 2, 4];
  for (let at = 0, drawn = 1; ; ) {
    const run = await Run.open(folder, at === 0 ? created : undefined, new TestClock());
    for (const { key } of nodes) run.nodeJoined(key, 0);
    await settled(run);
    if (at === 0) began.fill({ round: 1, base: fromHex(run.current().base) });
    for (; run.history().length < 12; at++) {
      const i = due.findLastIndex((every) => at % every === every - 1);
      const [node, from] = [nodes[i], began[i]];
      if (node === undefined || from === undefined) throw new Error('no node arrives');
      const receipt = await contribute(run, node, drawnPayload(parameters, drawn++), from);
      expect(receipt).toMatchObject({ round: at + 1 });
      await settled(run);
      began[i] = { round: run.current().round, base: fromHex(run.current().base) };
      if (at === 5) break;
    }
    if (run.history().length === 12) {
      const { hash } = await run.base();
      await run.close();
      return hash;
    }
    at++;
    await run.close();
  }
}

test('an asynchronous run with stale work: both verifiers derive its bases, and find work that names another round or counts twice', async () => {
  const folder = temporaryFolder();
  const base = await played(folder);
  expect(await reportOf(folderSource(folder))).toMatchObject({ rounds: 4, from: 9, base, problems: [] });
  const { status, stdout, stderr } = await runPython(verifier, folder);
  expect([status, stderr, JSON.parse(stdout)]).toMatchObject([
    0,
    '',
    { rounds: 12, from: 9, base, problems: [] },
  ]);

  const rows = rowsOf(join(folder, 'journal.sqlite'));
  const accepted = rows.filter(({ kind }) => kind === 'contribution-accepted');
  const last = accepted.at(-1);
  const rounds = accepted.map(({ body }) => JSON.parse(body).round);
  // Some began from bases before.
  expect(rounds.filter((round, i) => round < i + 1).length).toBeGreaterThan(3);
  const changes: [object, string][] = [
    [{ round: 8 }, 'body.round'],
    [{ base: '0'.repeat(64) }, 'body.base'],
    [{ payload: JSON.parse(accepted.at(-2)?.body ?? '').payload }, 'body.payload'],
  ];
  for (const [change, place] of changes) {
    const forged = temporaryFolder();
    cpSync(folder, forged, { recursive: true });
    const changed = rows.map((row) =>
      row === last ? { ...row, body: JSON.stringify({ ...JSON.parse(row.body), ...change }) } : row,
    );
    replaceEntries(join(forged, 'journal.sqlite'), rechained(changed));
    expect(places((await reportOf(folderSource(forged))).problems)[0]).toContain(place);
    const found = await runPython(verifier, forged);
    expect([found.status, found.stdout]).toEqual([5, expect.stringContaining(place)]);
  }
});
