import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Random } from '../../client/random.ts';
import { disk } from '../../relay/run/open-run.ts';
import { Run } from '../../relay/run/run.ts';
import { folderSource } from '../../relay/verify/folder-source.ts';
import { sparseCodec } from '../../relay/wire/codec/sparse.ts';
import { runPython } from '../support/python.ts';
import { contribute, settled, TestClock, testNodes, tinyRun } from '../support/relay/run-support.ts';
import { places, rechained, replaceEntries, reportOf, rowsOf } from '../support/relay/written-run.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const sparse = { chunk: 16, top: 4, exponent: -16, maxShift: 12, clipNorm: 10, feedbackDecay: 0.95 };
const parameters = 70;

/** A delta of norm about `norm`, drawn from a seed. */
function payloadOf(seed: number, norm = 1) {
  const random = Random.seeded(seed, 5);
  const values = new Float32Array(parameters).map(() => (norm * random.normal()) / Math.sqrt(parameters));
  return sparseCodec(sparse).encode(values, new Float32Array(parameters));
}

test('a run of sparse deltas: the relay refuses bad ones, and both verifiers derive its bases, also after a resumption, and find a changed one', async () => {
  const folder = temporaryFolder();
  const probe = { tokens: new Uint8Array(16), maxIncrease: 0.25, rounds: 2 };
  const created = tinyRun({ rounds: 4, parameters, sparse, tensors: [16, 32, 22], probe });
  const environment = { ...disk, evaluate: async () => 2.5 };
  const nodes = await testNodes(3);
  let base = '';
  for (let round = 1; round <= 4; round++) {
    const run = await Run.open(folder, round === 1 ? created : undefined, new TestClock(), environment);
    for (const { key } of nodes) run.nodeJoined(key, null);
    await settled(run);
    const [first] = nodes;
    if (first === undefined) throw new Error('no nodes');
    const zero = payloadOf(round);
    zero[1] = 0;
    expect(await contribute(run, first, zero)).toBe('BAD_PAYLOAD');
    expect(await contribute(run, first, payloadOf(round, 40))).toBe('NORM_EXCEEDED');
    for (const [i, node] of nodes.entries())
      expect(await contribute(run, node, payloadOf(10 * round + i))).toHaveProperty('sequence');
    await settled(run);
    base = run.current().base;
    await run.close();
  }
  expect(await reportOf(folderSource(folder))).toMatchObject({ rounds: 4, base, problems: [] });
  const { status, stdout, stderr } = await runPython(join(import.meta.dirname, 'verify.py'), folder);
  expect([status, stderr, JSON.parse(stdout)]).toMatchObject([0, '', { rounds: 4, base, problems: [] }]);

  const forged = temporaryFolder();
  cpSync(folder, forged, { recursive: true });
  const path = join(forged, 'journal.sqlite');
  const rows = rowsOf(path).map((row) => {
    if (row.kind !== 'round-committed' || !row.body.includes('"round":2,')) return row;
    const body = JSON.parse(row.body);
    return { ...row, body: JSON.stringify({ ...body, state: ['0'.repeat(64)] }) };
  });
  replaceEntries(path, rechained(rows));
  expect(places((await reportOf(folderSource(forged))).problems)[0]).toMatch(/body\.state\.0$/);
  const found = await runPython(join(import.meta.dirname, 'verify.py'), forged);
  expect([found.status, found.stdout]).toEqual([5, expect.stringContaining('body.state.0')]);
});
