import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Random } from '../../client/random.ts';
import type { Relay } from '../../relay/server/server.ts';
import { Stage, tinyRun } from '../support/contribute/harness.ts';
import { rewrite } from '../support/relay/written-run.ts';
import { type Built, built, type Ended, runTapestry } from './built.ts';

const stage = new Stage();
const rounds = 2;
let build: Built;
let folder: string;
let relay: Relay;
/** The folder of one node, with the evidence that it keeps. */
let nodeFolder: string;

beforeAll(async () => {
  build = await built();
  folder = await stage.folder();
  relay = await stage.relay({
    folder,
    create: tinyRun({ rounds, localSteps: 2, quorum: 2, target: 2 }),
  });
  const nodes = [];
  for (const [seed, corpusName] of ['even', 'odd'].entries()) {
    nodeFolder = await stage.folder();
    nodes.push(stage.node(nodeFolder, relay.url, { corpusName, seed }));
  }
  for (const node of nodes) expect(await node.done).toBeUndefined();
});
afterAll(() => stage.close());

/** The events that a command printed with `--json`. */
function lines({ stdout }: Ended): unknown[] {
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
}

test('verify checks a whole run by its address while it is served, and by its folder then and afterwards', async () => {
  const verified = {
    event: 'verified',
    ok: true,
    run: relay.runId,
    rounds,
    contributions: 2 * rounds,
    base: relay.status().base.hash,
  };
  for (const place of [relay.url.href, folder]) {
    const ended = await runTapestry(build, ['verify', place, '--json']);
    expect([place, ended.code, lines(ended).at(-1)]).toMatchObject([place, 0, verified]);
  }
  await relay.close();
  const told = await runTapestry(build, ['verify', folder]);
  expect(told.code).toBe(0);
  expect(told.stdout).toContain(`the last base is ${relay.status().base.hash}`);
});

test('verify compares a run with the checkpoint and receipt that a node kept', async () => {
  const kept = (prefix: string) =>
    join(nodeFolder, readdirSync(nodeFolder).find((name) => name.startsWith(prefix)) ?? prefix);
  const evidence = ['--checkpoint', kept('checkpoint-'), '--receipt', kept('receipts-')];
  expect((await runTapestry(build, ['verify', folder, ...evidence])).code).toBe(0);
  const cut = await stage.folder();
  cpSync(folder, cut, { recursive: true });
  rewrite(join(cut, 'journal.sqlite'), 'delete from entries where sequence > 3');
  const ended = await runTapestry(build, ['verify', cut, ...evidence, '--json']);
  expect(ended.code).toBe(5);
  const places = [kept('checkpoint-'), expect.stringContaining(`${kept('receipts-')}, receipt of entry`)];
  const problem = expect.stringContaining('cut off');
  expect(lines(ended)).toMatchObject(
    expect.arrayContaining(places.map((place) => expect.objectContaining({ place, problem }))),
  );
});

test('verify writes a signed report, and checks one', async () => {
  const file = join(await stage.folder(), 'audit.json');
  const words = ['verify', folder, '--report', file, '--data', await stage.folder()];
  expect((await runTapestry(build, words)).code).toBe(0);
  const checked = await runTapestry(build, ['verify', file, '--json']);
  const report = { verdict: 'intact', run: relay.runId, contributions: 2 * rounds, problems: [] };
  expect([checked.code, lines(checked)]).toMatchObject([0, [{ event: 'report', ok: true, report }]]);
  writeFileSync(file, readFileSync(file, 'utf8').replace('"contributions":4', '"contributions":5'));
  const changed = await runTapestry(build, ['verify', file]);
  expect([changed.code, changed.stdout]).toEqual([5, expect.stringContaining('is no report')]);
});

test('verify names a changed byte and exits with the code for it', async () => {
  const random = Random.seeded(6);
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();
  const blobs = files.filter((file) => file.startsWith('blobs/'));
  // Four payloads, and at least the first and the last base and a momentum.
  expect(blobs.length).toBeGreaterThanOrEqual(2 * rounds + 3);
  // test/relay/verify changes every file; this test checks the command's output.
  for (const file of [...blobs.slice(0, 2), 'journal.sqlite']) {
    const copy = await stage.folder();
    cpSync(folder, copy, { recursive: true });
    const bytes = readFileSync(join(folder, file));
    // Some bytes of the journal's file hold no entry; near its end are the first entries with a signature.
    const signature = bytes.lastIndexOf('"signature":"');
    const at = file.startsWith('blobs/') ? random.below(bytes.length) : signature + random.below(140);
    bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8));
    writeFileSync(join(copy, file), bytes);
    const ended = await runTapestry(build, ['verify', copy, '--json']);
    const named = file.startsWith('blobs/') ? file : 'journal';
    expect([file, at, ended.code]).toEqual([file, at, 5]);
    expect(lines(ended)).toContainEqual(
      expect.objectContaining({
        ...{ event: 'problem', place: expect.stringContaining(named), problem: expect.any(String) },
        code: expect.stringMatching(/^(?:entry|journal|blob)\./),
      }),
    );
    expect(lines(ended).at(-1)).toMatchObject({ event: 'verified', ok: false });
  }
});

test('verify does not write over a file that is none of its own', async () => {
  const file = join(await stage.folder(), 'notes.json');
  writeFileSync(file, 'mine');
  const ended = await runTapestry(build, ['verify', folder, '--resume', file, '--json']);
  expect(lines(ended)).toMatchObject([{ event: 'error', code: 'verify.resume-damaged' }]);
  expect(readFileSync(file, 'utf8')).toBe('mine');
});

test('verify gives no verdict on a run that it cannot read', async () => {
  const nowhere = await runTapestry(build, ['verify', await stage.folder(), '--json']);
  expect(nowhere.code).toBe(1);
  expect(lines(nowhere)).toMatchObject([{ event: 'error', code: 'run.missing' }]);
  const kept = join(nodeFolder, 'identity.json');
  const taken = await runTapestry(build, ['verify', folder, '--proof', kept, '--json']);
  expect([taken.code, lines(taken)]).toMatchObject([2, [{ event: 'error', code: 'usage.exists' }]]);
  expect(readFileSync(kept, 'utf8')).toContain('Ed25519');
  const gone = await runTapestry(build, ['verify', relay.url.href, '--json']);
  expect(gone.code).toBe(4);
  expect(lines(gone)).toMatchObject([{ event: 'error', code: 'relay.unreachable' }]);
});
