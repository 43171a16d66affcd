import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { Random } from '../../client/random.ts';
import { Journal } from '../../relay/journal.ts';
import { blobPlace, type VerifyReport, verifyRun } from '../../relay/verify.ts';
import { folderSource } from '../../relay/verify-folder.ts';
import { temporaryFolder } from '../relay/temporary-folder.ts';
import { killedRun } from './contributing.ts';
import { checkHistory, modelBases } from './model.ts';

const script = fileURLToPath(new URL('contributing.ts', import.meta.url));

interface Acknowledged {
  readonly key: string;
  readonly payload: string;
  readonly sequence: number;
  readonly round: number;
  readonly attempt: number;
}

/** Runs the process, kills it `afterMs` from its `after`th acknowledgement, and gives what it acknowledged. */
async function runAndKill(
  folder: string,
  first: number,
  after: number,
  afterMs: number,
): Promise<Acknowledged[]> {
  const child = spawn(process.execPath, [script, folder, String(first)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  let output = '';
  let errors = '';
  const ended = new Promise<NodeJS.Signals | null>((resolve) =>
    child.on('close', (_, signal) => resolve(signal)),
  );
  const due = new Promise<void>((resolve) => {
    const look = () => {
      if (output.split('\n').length > after) resolve();
    };
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      look();
    });
    if (after === 0) child.on('spawn', look);
    child.on('close', () => resolve());
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  await due;
  await new Promise((resolve) => setTimeout(resolve, afterMs));
  child.kill('SIGKILL');
  if ((await ended) !== 'SIGKILL') throw new Error(`the process ended by itself: ${errors}`);
  // The last line may be cut off: what it says was acknowledged nonetheless, and is in the journal or not.
  return output
    .split('\n')
    .slice(0, -1)
    .map((line): Acknowledged => JSON.parse(line));
}

async function verified(folder: string): Promise<VerifyReport> {
  const checks = verifyRun(await folderSource(folder));
  let check = await checks.next();
  while (!check.done) check = await checks.next();
  return check.value;
}

test('kill -9 at 20 random moments loses nothing that was acknowledged and applies nothing twice', async () => {
  const folder = temporaryFolder();
  const random = Random.seeded(20);
  const acknowledged: Acknowledged[] = [];
  for (let kill = 0; kill < 20; kill++) {
    // A fifth of the moments are while the process starts and replays, the others while it takes contributions.
    const starting = kill > 0 && random.below(5) === 0;
    const wait = starting ? 150 + random.below(250) : random.below(60);
    acknowledged.push(...(await runAndKill(folder, kill * 10_000, starting ? 0 : 1 + random.below(8), wait)));
    // The killed folder itself, before any restart mends it, holds what was acknowledged.
    expect((await verified(folder)).problems).toEqual([]);
  }
  const journal = new Journal(`${folder}/journal.sqlite`);
  const entries = [...journal.entries()];
  journal.close();
  checkHistory(entries, acknowledged, 2);
  const bases = modelBases(entries, killedRun.initialBase, (hash) =>
    readFileSync(`${folder}/${blobPlace(hash)}`),
  );
  const committed = entries.flatMap((entry) => (entry.kind === 'round-committed' ? [entry.body.base] : []));
  expect(committed).toEqual(bases);
  expect(await verified(folder)).toMatchObject({ problems: [], rounds: bases.length, base: bases.at(-1) });
  expect(acknowledged.length).toBeGreaterThan(60);
  expect(bases.length).toBeGreaterThan(15);
});
