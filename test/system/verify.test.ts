import { cpSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Random } from '../../client/random.ts';
import type { Relay } from '../../relay/server.ts';
import { Stage, tinyRun } from '../client/contribute/harness.ts';
import { type Built, built, type Ended, runTapestry } from './built.ts';

const stage = new Stage();
const rounds = 2;
let build: Built;
let folder: string;
let relay: Relay;

beforeAll(async () => {
  build = await built();
  folder = await stage.folder();
  relay = await stage.relay({
    folder,
    create: tinyRun({ rounds, localSteps: 2, quorum: 2, target: 2 }),
  });
  const nodes = [];
  for (const [seed, nation] of ['even', 'odd'].entries()) {
    nodes.push(stage.node(await stage.folder(), relay.url, { nation, seed }));
  }
  for (const node of nodes) expect(await node.done).toBeUndefined();
});
afterAll(() => stage.close());

/** The lines of a command that was called with `--json`. */
function lines({ stdout }: Ended): unknown[] {
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
}

test('a whole run is verified, by its address while it is served and by its folder then and after', async () => {
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

test('one byte that was changed is named, and the exit code says so', async () => {
  const random = Random.seeded(6);
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();
  const blobs = files.filter((file) => file.startsWith('blobs/'));
  // Four payloads, and at least the first and the last base and a momentum.
  expect(blobs.length).toBeGreaterThanOrEqual(2 * rounds + 3);
  for (const file of [...blobs, 'journal.sqlite', 'journal.sqlite', 'journal.sqlite']) {
    const copy = await stage.folder();
    cpSync(folder, copy, { recursive: true });
    const at = random.below(statSync(join(folder, file)).size);
    const bytes = readFileSync(join(folder, file));
    bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8));
    writeFileSync(join(copy, file), bytes);
    const ended = await runTapestry(build, ['verify', copy, '--json']);
    const named = file.startsWith('blobs/') ? file : 'journal';
    expect([file, at, ended.code]).toEqual([file, at, 5]);
    expect(lines(ended)).toContainEqual({
      event: 'problem',
      place: expect.stringContaining(named),
      problem: expect.any(String),
    });
    expect(lines(ended).at(-1)).toMatchObject({ event: 'verified', ok: false });
  }
});

test('what cannot be read is no verdict on a run', async () => {
  const nowhere = await runTapestry(build, ['verify', await stage.folder(), '--json']);
  expect(nowhere.code).toBe(1);
  expect(lines(nowhere)).toMatchObject([{ event: 'error', code: 'run.missing' }]);
  const gone = await runTapestry(build, ['verify', relay.url.href, '--json']);
  expect(gone.code).toBe(4);
  expect(lines(gone)).toMatchObject([{ event: 'error', code: 'relay.unreachable' }]);
});
