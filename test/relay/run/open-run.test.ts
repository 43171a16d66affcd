import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { disk } from '../../../relay/run/open-run.ts';
import { keptStates } from '../../../relay/run/retention/retention.ts';
import { Run } from '../../../relay/run/run.ts';
import { sweptAtOnce } from '../../../relay/run/run-store.ts';
import { nodeFiles } from '../../../relay/storage/files.ts';
import { hashOfBytes } from '../../../relay/storage/sha256.ts';
import { blobPlace } from '../../../relay/verify/source.ts';
import { comparedRounds } from '../../../relay/wire/speech/speech.ts';
import { a, b, c, clock, eventsOf, openRound } from '../../support/relay/open-round.ts';
import {
  contribute,
  drawnPayload,
  grid,
  offerFor,
  settled,
  tinyRun,
} from '../../support/relay/run-support.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

test('old bases are removed, and blobs that the next round and verify need are kept', async () => {
  const folder = temporaryFolder();
  const rounds = keptStates + sweptAtOnce;
  const run = await openRound(folder, tinyRun({ rounds }));
  const bases = [run.current().base];
  for (let round = 1; round <= rounds; round++) {
    for (const [i, node] of [a, b, c].entries())
      await contribute(run, node, drawnPayload(100, round * 10 + i));
    await settled(run);
    bases.push(run.current().base);
  }
  await run.close();
  const kept = bases.map((base) => existsSync(`${folder}/${blobPlace(base)}`));
  // The state of round 8 is an anchor, and the room compares the bases of some rounds.
  expect(kept).toEqual(bases.map((_, i) => i === 0 || i >= sweptAtOnce || comparedRounds.includes(i)));
});

test('a folder with another run, or none, is not changed', async () => {
  const folder = temporaryFolder();
  await (await openRound(folder)).close();
  const files = () => {
    const journal = hashOfBytes(readFileSync(`${folder}/journal.sqlite`));
    return [...readdirSync(folder, { recursive: true }).sort(), journal];
  };
  const before = files();
  for (const other of [tinyRun({ name: 'other' }), tinyRun({ seed: 2 }), tinyRun({ rounds: 4 })]) {
    await expect(Run.open(folder, other, clock)).rejects.toMatchObject({ code: 'run.other' });
  }
  expect(files()).toEqual(before);
  const empty = temporaryFolder();
  await expect(Run.open(empty, undefined, clock)).rejects.toMatchObject({ code: 'run.missing' });
  await expect(Run.open(`${empty}/none`, undefined, clock)).rejects.toMatchObject({
    code: 'run.missing',
  });
  expect(readdirSync(empty)).toEqual([]);
  // The same settings at another time are the same run.
  const again = tinyRun();
  const run = await Run.open(folder, { ...again, manifest: { ...again.manifest, created: 5n } }, clock);
  expect(run.manifest.created).toBe(1_700_000_000_000n);
  await run.close();
});

test('a folder with blobs and no journal is not treated as empty', async () => {
  const folder = temporaryFolder();
  const run = await openRound(folder);
  await contribute(run, a, drawnPayload(100, 1));
  await run.close();
  rmSync(`${folder}/journal.sqlite`);
  await expect(Run.open(folder, tinyRun(), clock)).rejects.toMatchObject({ code: 'run.damaged' });
});

test('one folder has one relay at a time', async () => {
  const folder = temporaryFolder();
  const run = await openRound(folder);
  await expect(Run.open(folder, undefined, clock)).rejects.toMatchObject({ code: 'run.in-use' });
  await run.close();
  await (await Run.open(folder, undefined, clock)).close();
});

test('data damaged while the relay was down is reported and not used', async () => {
  const folder = temporaryFolder();
  const run = await openRound(folder);
  await contribute(run, a, drawnPayload(100, 1));
  const fileOf = (hash: string) => `${folder}/${blobPlace(hash)}`;
  const base = fileOf(run.current().base);
  const payload = fileOf(hashOfBytes(drawnPayload(100, 1)));
  await run.close();
  for (const file of [base, payload, `${folder}/relay.key`, `${folder}/journal.sqlite`]) {
    const bytes = readFileSync(file);
    const changed = Buffer.from(bytes);
    // In the journal: a digit of the last entry's text.
    const at = file.endsWith('sqlite') ? bytes.lastIndexOf('heldOutLoss') + 15 : 60;
    changed[at] = (changed[at] ?? 0) ^ 1;
    writeFileSync(file, changed);
    await expect(Run.open(folder, undefined, clock)).rejects.toMatchObject({
      code: expect.stringMatching('damaged'),
    });
    writeFileSync(file, bytes);
  }
  rmSync(`${folder}/relay.key`);
  await expect(Run.open(folder, undefined, clock)).rejects.toMatchObject({ code: 'key.damaged' });
  expect(existsSync(`${folder}/relay.key`)).toBe(false);
});

test('on a full disk contributions are refused, nothing is lost, and writes are retried when there is space', async () => {
  const folder = temporaryFolder();
  let full = false;
  const refuse = async (path: string, work: () => Promise<void>) => {
    if (full && path.includes('/blobs/')) throw Object.assign(new Error('no space'), { code: 'ENOSPC' });
    await work();
  };
  const environment = {
    ...disk,
    files: {
      ...nodeFiles,
      write: (path: string, bytes: Uint8Array, options?: { secret: boolean }) =>
        refuse(path, () => nodeFiles.write(path, bytes, options)),
    },
  };
  const run = await Run.open(folder, tinyRun(), clock, environment);
  const events = eventsOf(run);
  const troubles = () => events.flatMap((event) => (event.type === 'trouble' ? [event.error.code] : []));
  for (const node of [a, b, c]) run.nodeJoined(node.key, 0);
  await settled(run);
  full = true;
  expect(await contribute(run, a, drawnPayload(100, 1))).toBe('STORAGE');
  expect(troubles()).toEqual(['disk.full']);
  full = false;
  // All chunks but the last are still stored.
  expect(await run.offer(a.key, await offerFor(run, a, drawnPayload(100, 1)))).toEqual({ resume: 64 });
  for (const [i, node] of [a, b].entries())
    expect(await contribute(run, node, drawnPayload(100, 1 + i))).toMatchObject({ round: 1 });
  full = true;
  run.nodeLeft(c.key);
  await settled(run);
  expect(run.current()).toMatchObject({ round: 1, contributions: 2 });
  expect(troubles().at(-1)).toBe('disk.full');
  full = false;
  clock.pass(1000);
  await settled(run);
  expect(run.current()).toMatchObject({ round: 2 });
  await run.close();
});

test('an invalid manifest is refused before anything is written', async () => {
  const { manifest, initialBase } = tinyRun();
  const folder = `${temporaryFolder()}/new`;
  const refused = async (changes: Partial<typeof manifest>, base = initialBase) => {
    const created = { manifest: { ...manifest, ...changes }, initialBase: base };
    await expect(Run.open(folder, created, clock)).rejects.toMatchObject({ code: 'manifest.invalid' });
  };
  await refused({ limits: { ...manifest.limits, quorum: 0 } });
  await refused({ limits: { ...manifest.limits, target: 1 } });
  for (const tensors of [[99], [60, 41], [100, 0]])
    await refused({ merge: { case: 'robustMean', value: { tensors, normFactor: 1 } } });
  await refused({ merge: { case: 'robustMean', value: { tensors: [100], normFactor: 0 } } });
  const limits = { ...manifest.limits, target: 4097 };
  await refused({ limits, merge: { case: 'robustMean', value: { tensors: [100], normFactor: 1 } } });
  await refused({ limits: { ...manifest.limits, deadlineMs: 0 } });
  await refused({ limits: { ...manifest.limits, maxNodes: 1 } });
  await refused({ limits: { ...manifest.limits, payloadBytes: 1 } });
  await refused({
    limits: { ...manifest.limits, target: 1024, maxTokens: 2 ** 24 },
    codec: { case: 'dense', value: { ...grid, maxShift: 16, clipNorm: 1 } },
  });
  await refused({ name: 'x'.repeat(81) });
  await refused({ model: { ...manifest.model, parameters: 0 } });
  await refused({}, new Float32Array(99));
  await refused({}, new Float32Array(100).fill(Number.NaN));
  expect(existsSync(folder)).toBe(false);
  await (await Run.open(folder, tinyRun(), clock)).close();
});

test('only its owner can read the key file', async () => {
  const folder = temporaryFolder();
  await (await openRound(folder)).close();
  expect(statSync(`${folder}/relay.key`).mode & 0o777).toBe(0o600);
});
