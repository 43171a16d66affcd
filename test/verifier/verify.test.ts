import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { disk } from '../../relay/run/open-run.ts';
import { Run } from '../../relay/run/run.ts';
import { folderSource } from '../../relay/verify/folder-source.ts';
import { encodeForkProof } from '../../relay/wire/evidence/fork-proof.ts';
import { receiptLines, receiptsIn } from '../../relay/wire/evidence/receipt.ts';
import { encodeToNode, runIdOf } from '../../relay/wire/frames.ts';
import { toHex } from '../../relay/wire/hex.ts';
import type { Acknowledgement } from '../../relay/wire/tapestry_pb.js';
import { runPython } from '../support/python.ts';
import {
  contribute,
  drawnPayload,
  settled,
  TestClock,
  testNode,
  testNodes,
  tinyRun,
} from '../support/relay/run-support.ts';
import {
  places,
  rechained,
  replaceEntries,
  reportOf,
  resigned,
  rewrite,
  rowsOf,
} from '../support/relay/written-run.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const vectors = join(import.meta.dirname, '../../docs/protocol-vectors');

/** Runs a script of this folder. */
const python = (script: string, ...args: string[]) => runPython(join(import.meta.dirname, script), ...args);

const own = mkdtempSync(join(tmpdir(), 'tapestry-test-'));
const whole = join(own, 'run');
/** The same relay's other journal of the run. */
const twin = join(own, 'twin');
const environment = { ...disk, evaluate: async () => 2.5 };
const checkpoint = join(own, 'kept.txt');
const receipts = join(own, 'receipts.txt');
let base: string;
afterAll(() => rmSync(own, { recursive: true, force: true }));

/** Three committed rounds and the run's end, with one abandoned attempt; a checkpoint and the receipts were kept. */
beforeAll(async () => {
  const probe = { tokens: new Uint8Array(16), maxIncrease: 0.25, rounds: 2 };
  const created = tinyRun({ rounds: 3, parameters: 70, tensors: [30, 40], probe });
  await (await Run.open(whole, created, new TestClock(), environment)).close();
  cpSync(whole, twin, { recursive: true });
  const told = await play(whole, 0);
  base = told.base;
  writeFileSync(checkpoint, told.checkpoint);
  writeFileSync(receipts, receiptLines(told.receipts));
  await play(twin, 500);
});

/** Plays the run in `folder` with deltas drawn from `seed`. */
async function play(folder: string, seed: number) {
  const clock = new TestClock();
  const nodes = await testNodes(3);
  const run = await Run.open(folder, undefined, clock, environment);
  for (const [i, { key }] of nodes.entries()) run.nodeJoined(key, i === 0 ? null : i - 1);
  await settled(run);
  const [first] = nodes;
  if (first === undefined) throw new Error('no nodes');
  await contribute(run, first, drawnPayload(70, seed + 99));
  clock.pass(60_000);
  await settled(run);
  const received: Acknowledgement[] = [];
  for (let round = 1; round <= 3; round++) {
    for (const [i, node] of nodes.entries()) {
      const losses = { steps: 3 * round + i - 1, trainingLoss: Math.fround(1.1 ** -i), heldOutLoss: -0 };
      const receipt = await contribute(run, node, drawnPayload(70, seed + 10 * round + i), losses);
      if (typeof receipt === 'string') throw new Error(receipt);
      received.push(receipt);
      clock.pass(7);
    }
    await settled(run);
  }
  const told = { base: run.current().base, checkpoint: run.checkpoint() ?? '', receipts: received };
  await run.close();
  return told;
}

/** A copy of the run in which an entry's body is changed; `soundly` makes every hash after it again. */
function changed(kind: string, change: (body: Record<string, unknown>) => void, soundly: boolean): string {
  const folder = temporaryFolder();
  cpSync(whole, folder, { recursive: true });
  const path = join(folder, 'journal.sqlite');
  const rows = rowsOf(path);
  const victim = rows.findLast((row) => row.kind === kind);
  const bodies = rows.map((row) => {
    if (row !== victim) return row;
    const body: Record<string, unknown> = JSON.parse(row.body);
    change(body);
    return { ...row, body: JSON.stringify(body) };
  });
  replaceEntries(path, soundly ? rechained(bodies) : bodies);
  return folder;
}

/** A copy of the run in which one file or the journal's table is changed. */
function damaged(change: (folder: string) => void): string {
  const folder = temporaryFolder();
  cpSync(whole, folder, { recursive: true });
  change(folder);
  return folder;
}

function blobOf(field: 'payload' | 'base'): string {
  const rows = rowsOf(join(whole, 'journal.sqlite'));
  const { body } = rows.find(({ body }) => body.includes(`"${field}":`)) ?? { body: '{}' };
  const hash: string = JSON.parse(body)[field];
  return `blobs/${hash.slice(0, 2)}/${hash}`;
}

function flip(path: string): void {
  const bytes = readFileSync(path);
  bytes[5] = (bytes[5] ?? 0) ^ 4;
  writeFileSync(path, bytes);
}

test('a verifier that was written from the documentation agrees with its test vectors', async () => {
  expect(await python('check_vectors.py', vectors)).toEqual({ status: 0, stdout: '', stderr: '' });
});

test('it derives every base of a run, bit for bit', async () => {
  const evidence = ['--checkpoint', checkpoint, '--receipt', receipts];
  const { status, stdout, stderr } = await python('verify.py', whole, ...evidence);
  expect([status, stderr]).toEqual([0, '']);
  const entries = rowsOf(join(whole, 'journal.sqlite')).length;
  expect(JSON.parse(stdout)).toMatchObject({ rounds: 3, base, entries, signed: entries - 1, problems: [] });
});

test('it begins after the payloads that the manifest does not keep, and misses any other', async () => {
  const folder = temporaryFolder();
  const run = await Run.open(
    folder,
    tinyRun({ rounds: 4, parameters: 70, payloadRounds: 1 }),
    new TestClock(),
  );
  const nodes = await testNodes(3);
  for (const { key } of nodes) run.nodeJoined(key, null);
  await settled(run);
  for (let round = 1; round <= 3; round++) {
    for (const [i, node] of nodes.entries()) await contribute(run, node, drawnPayload(70, 10 * round + i));
    await settled(run);
  }
  const { base } = run.current();
  await run.close();
  const payloads = rowsOf(join(folder, 'journal.sqlite'))
    .filter(({ kind }) => kind === 'contribution-accepted')
    .map(({ body }): string => JSON.parse(body).payload);
  const remove = (hash: string) => rmSync(join(folder, `blobs/${hash.slice(0, 2)}/${hash}`), { force: true });
  payloads.slice(0, 6).forEach(remove);
  const { status, stdout } = await python('verify.py', folder);
  expect([status, JSON.parse(stdout)]).toMatchObject([0, { rounds: 3, from: 3, base, problems: [] }]);
  payloads.slice(6, 7).forEach(remove);
  const missing = { place: `blobs/${payloads[6]?.slice(0, 2)}/${payloads[6]}`, problem: 'is missing' };
  expect(JSON.parse((await python('verify.py', folder)).stdout).problems).toEqual([missing]);
  const { problems } = await reportOf(folderSource(folder));
  expect(problems).toContainEqual({ ...missing, code: 'blob.missing' });
});

const zeros = '0'.repeat(64);
const planted: Readonly<Record<string, readonly [() => string, RegExp]>> = {
  'a byte of a payload': [() => damaged((folder) => flip(join(folder, blobOf('payload')))), /^blobs\//],
  'a payload that is gone': [() => damaged((folder) => rmSync(join(folder, blobOf('payload')))), /^blobs\//],
  'a byte of the initial base': [() => damaged((folder) => flip(join(folder, blobOf('base')))), /^blobs\//],
  'an entry that is gone': [
    () =>
      damaged((folder) => rewrite(join(folder, 'journal.sqlite'), 'delete from entries where sequence = 4')),
    /^journal entry 4, sequence$/,
  ],
  'an entry’s time': [
    () =>
      damaged((folder) =>
        rewrite(join(folder, 'journal.sqlite'), 'update entries set time = time + 1 where sequence = 5'),
      ),
    /^journal entry 5, hash$/,
  ],
  'tokens, with the old hash': [
    () => changed('contribution-accepted', (body) => (body['tokens'] = 7), false),
    /^journal entry \d+, hash$/,
  ],
  'tokens, with a sound chain': [
    () => changed('contribution-accepted', (body) => (body['tokens'] = 7), true),
    /, body\.tokens$/,
  ],
  'steps and their tokens, with a sound chain': [
    () => changed('contribution-accepted', (body) => Object.assign(body, { steps: 1, tokens: 32 }), true),
    /, body\.signature$/,
  ],
  'whom the merge left out, with a sound chain': [
    () => changed('round-committed', (body) => (body['excluded'] = [4]), true),
    /, body\.excluded$/,
  ],
  'the median norm, with a sound chain': [
    () => changed('round-committed', (body) => (body['norm'] = 1), true),
    /, body\.norm$/,
  ],
  'a loss that the guard does not allow, with a sound chain': [
    () => changed('round-committed', (body) => (body['loss'] = '2.8'), true),
    /, body\.loss$/,
  ],
  'a base, with a sound chain': [
    () => changed('round-committed', (body) => (body['state'] = [zeros, zeros]), true),
    /, body\.state\.0$/,
  ],
  'the relay’s signature of the journal': [
    () =>
      changed(
        'round-committed',
        (body) => Object.assign(body['checkpoint'] ?? {}, { signature: zeros + zeros }),
        true,
      ),
    /, body\.checkpoint\.signature$/,
  ],
  'the last contribution of a closed round, with a sound chain': [
    () => changed('round-closed', (body) => (body['last'] = 3), true),
    /, body\.last$/,
  ],
  'the signature of the manifest': [
    () => changed('run-created', (body) => (body['signature'] = zeros + zeros), true),
    /^journal entry 1, body\.signature$/,
  ],
};

test.each(Object.keys(planted))('it names a planted change: %s', async (name) => {
  const [plant, place] = planted[name] ?? [() => whole, /^$/];
  const folder = plant();
  const { status, stdout, stderr } = await python('verify.py', folder);
  expect([status, stderr]).toEqual([5, '']);
  const [problem] = JSON.parse(stdout).problems;
  expect(problem.place).toMatch(place);
  // Both verifiers name the same place.
  expect(places((await reportOf(folderSource(folder))).problems)).toContain(problem.place);
});

test('it notices that entries were cut off the end, by a kept checkpoint', async () => {
  const folder = damaged((folder) =>
    rewrite(join(folder, 'journal.sqlite'), 'delete from entries where sequence > 6'),
  );
  expect((await python('verify.py', folder)).status).toBe(0);
  const { status, stdout } = await python('verify.py', folder, '--checkpoint', checkpoint);
  expect([status, JSON.parse(stdout).problems]).toEqual([
    5,
    [{ place: checkpoint, problem: expect.stringContaining('tells of') }],
  ]);
});

test('it finds a history that another key signed, and a run that is not the one asked for', async () => {
  const forged = damaged(() => {});
  const path = join(forged, 'journal.sqlite');
  replaceEntries(path, await resigned(rowsOf(path), await testNode(77)));
  const { status, stdout } = await python('verify.py', forged);
  const commit = rowsOf(path).find(({ kind }) => kind === 'round-committed')?.sequence;
  const place = `journal entry ${commit}, body.checkpoint.signature`;
  expect([status, JSON.parse(stdout).problems]).toMatchObject([5, [{ place }]]);
  for (const known of ['--run', '--relay-key']) {
    const other = await python('verify.py', whole, known, '0'.repeat(64));
    const named = [{ place: 'journal entry 1, body.manifest' }];
    expect([other.status, JSON.parse(other.stdout).problems]).toMatchObject([5, named]);
  }
});

test('it finds a fork by what was kept, and checks the proof of it', async () => {
  expect((await python('verify.py', twin)).status).toBe(0);
  const { status, stdout } = await python(
    'verify.py',
    twin,
    '--checkpoint',
    checkpoint,
    '--receipt',
    receipts,
  );
  // Receipts of the first entries of both journals, which are the abandoned attempt's, are not among those kept.
  expect([status, JSON.parse(stdout).problems.length]).toEqual([5, 1 + 9]);
  const [receipt] = receiptsIn(readFileSync(receipts));
  if (receipt === undefined) throw new Error('no receipt');
  const bytes = encodeToNode({ case: 'acknowledgement', value: receipt });
  for (const kept of [
    { kind: 'checkpoint' as const, place: checkpoint, bytes: readFileSync(checkpoint) },
    { kind: 'receipt' as const, place: receipts, bytes },
  ]) {
    const { fork } = await reportOf(folderSource(twin), [kept]);
    if (fork === null) throw new Error('no proof');
    const file = join(own, `fork-${kept.kind}.json`);
    writeFileSync(file, encodeForkProof(fork));
    const proved = await python('fork.py', file);
    const expected = { run: toHex(runIdOf(fork.manifest)), at: expect.any(Number) };
    expect([proved.status, JSON.parse(proved.stdout)]).toEqual([0, expect.objectContaining(expected)]);
    writeFileSync(file, encodeForkProof({ ...fork, later: readFileSync(checkpoint) }));
    expect(await python('fork.py', file)).toMatchObject({ status: 5, stdout: 'null\n' });
  }
});
