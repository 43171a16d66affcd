import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { Random } from '../../client/random.ts';
import { folderSource } from '../../relay/verify/folder-source.ts';
import { blobPlace } from '../../relay/verify/source.ts';
import { type VerifyReport, verifyRun } from '../../relay/verify/verify.ts';
import { journalOf } from '../support/relay/journal-of.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { killedRun } from './contributing.ts';
import { usualModel } from './faulty-terms.ts';
import { checkHistory, modelBases } from './model.ts';

const script = fileURLToPath(new URL('contributing.ts', import.meta.url));

interface Acknowledged {
  readonly key: string;
  readonly payload: string;
  readonly sequence: number;
  readonly round: number;
  readonly attempt: number;
}

/** Runs the process, kills it `afterMs` from its `after`th acknowledgement, and returns its acknowledgements. */
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
  // The kill may have cut off the last line, so it is ignored; the journal may or may not hold its contribution.
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

test('kill -9 at 10 random moments loses nothing that was acknowledged and applies nothing twice', async () => {
  const folder = temporaryFolder();
  const random = Random.seeded(20);
  const acknowledged: Acknowledged[] = [];
  for (let kill = 0; kill < 10; kill++) {
    // A fifth of the kills happen while the process starts and replays, the others while it accepts contributions.
    const starting = kill > 0 && random.below(5) === 0;
    const wait = starting ? 150 + random.below(250) : random.below(60);
    acknowledged.push(...(await runAndKill(folder, kill * 10_000, starting ? 0 : 1 + random.below(8), wait)));
    // The folder must hold every acknowledged contribution even before a restart repairs it.
    expect((await verified(folder)).problems).toEqual([]);
  }
  const entries = journalOf(folder);
  checkHistory(entries, acknowledged, { quorum: 2, staleness: 0 });
  const read = (hash: string) => readFileSync(`${folder}/${blobPlace(hash)}`);
  const { initialBase } = killedRun;
  const bases = modelBases(entries, { initialBase, outer: usualModel, upperFrom: null, quorum: 2 }, read);
  const committed = entries.flatMap((entry) =>
    entry.kind === 'round-committed' ? entry.body.state.slice(0, 1) : [],
  );
  expect(committed).toEqual(bases);
  expect(await verified(folder)).toMatchObject({ problems: [], rounds: bases.length, base: bases.at(-1) });
  expect(acknowledged.length).toBeGreaterThan(30);
  expect(bases.length).toBeGreaterThan(7);
});
