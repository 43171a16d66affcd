import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Run } from '../../relay/run/run.ts';
import { bytesOfVector } from '../../relay/storage/blob-store.ts';
import { hashOfBytes } from '../../relay/storage/sha256.ts';
import { folderSource } from '../../relay/verify/folder-source.ts';
import { blobPlace } from '../../relay/verify/source.ts';
import { applyDelta } from '../../relay/wire/codec/apply-delta.ts';
import { downlinkCodecOf } from '../../relay/wire/manifest.ts';
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
const rounds = 5;

test('a run that nodes follow by deltas: both verifiers derive its bases and residuals, also after a resumption, and find a changed delta', async () => {
  const folder = temporaryFolder();
  const value = { block: 32, exponent: -22, maxShift: 14 };
  // Payloads of two rounds are kept: the verifiers begin with the residual of an anchor.
  const created = tinyRun({
    rounds,
    parameters,
    payloadRounds: 2,
    downlink: { case: 'statisticalDeltas', value },
  });
  const nodes = await testNodes(3);
  const bases: string[] = [];
  for (let round = 1; round <= rounds; round++) {
    const run = await Run.open(folder, round === 1 ? created : undefined, new TestClock());
    for (const { key } of nodes) run.nodeJoined(key, null);
    await settled(run);
    bases.push(run.current().base);
    for (const [i, node] of nodes.entries())
      expect(await contribute(run, node, drawnPayload(parameters, 10 * round + i))).toHaveProperty(
        'sequence',
      );
    await settled(run);
    if (round < rounds) {
      await run.close();
      continue;
    }
    const base = await run.base();
    const codec = downlinkCodecOf(run.manifest);
    // From each base before, also the first, the deltas lead to the newest one.
    const [first = ''] = bases;
    const deltas = run.blobs.deltas(first, base.hash) ?? [];
    expect(deltas).toHaveLength(rounds);
    let node = created.initialBase;
    for (const [i, delta] of deltas.entries()) {
      expect(run.blobs.readersOf(delta)).toBe('anyone');
      expect(run.blobs.deltas(bases[i] ?? '', base.hash)).toEqual(deltas.slice(i));
      if (codec !== null) node = applyDelta(node, readFileSync(`${folder}/${blobPlace(delta)}`), codec);
    }
    expect(hashOfBytes(bytesOfVector(node))).toBe(base.hash);
    expect(run.blobs.deltas(base.hash, first)).toBeNull();
    expect(run.blobs.deltas(base.hash, base.hash)).toBeNull();
    bases.push(base.hash);
    await run.close();
  }
  const base = bases.at(-1);
  expect(await reportOf(folderSource(folder))).toMatchObject({ rounds: 3, from: 3, base, problems: [] });
  const { status, stdout, stderr } = await runPython(join(import.meta.dirname, 'verify.py'), folder);
  expect([status, stderr, JSON.parse(stdout)]).toMatchObject([
    0,
    '',
    { rounds, from: 3, base, problems: [] },
  ]);

  const forgeries: [unknown, RegExp][] = [
    ['0'.repeat(64), /body\.delta$/],
    [null, /body\.delta$/],
  ];
  for (const [delta, place] of forgeries) {
    const forged = temporaryFolder();
    cpSync(folder, forged, { recursive: true });
    const path = join(forged, 'journal.sqlite');
    const rows = rowsOf(path).map((row) => {
      if (row.kind !== 'round-committed' || !row.body.includes('"round":4,')) return row;
      return { ...row, body: JSON.stringify({ ...JSON.parse(row.body), delta }) };
    });
    replaceEntries(path, rechained(rows));
    expect(places((await reportOf(folderSource(forged))).problems)[0]).toMatch(place);
    const found = await runPython(join(import.meta.dirname, 'verify.py'), forged);
    expect([found.status, found.stdout]).toEqual([5, expect.stringContaining('body.delta')]);
  }
});
