import { cpSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { isNodeFile } from '../../../client/contribute/round/node-store.ts';
import { isRunFile } from '../../../relay/storage/run-files.ts';
import { checkForkProof, decodeForkProof } from '../../../relay/wire/evidence/fork-proof.ts';
import { receiptsIn } from '../../../relay/wire/evidence/receipt.ts';
import { Stage, tinyRun } from '../../support/contribute/harness.ts';

const stage = new Stage();

/** The paths of all files in a folder and below it. */
function filesIn(folder: string): string[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => !entry.isDirectory())
    .map(({ parentPath, name }) => join(parentPath, name).slice(folder.length + 1));
}

afterEach(() => stage.close());

test('a node that starts again refuses a relay that runs a copy of its run’s folder, and keeps the proof', async () => {
  const [folder, copy] = [await stage.folder(), await stage.folder()];
  const create = tinyRun({ rounds: 3, localSteps: 1, quorum: 1, target: 1 });
  await (await stage.relay({ folder, create })).close();
  cpSync(folder, copy, { recursive: true });

  const relay = await stage.relay({ folder });
  const home = await stage.folder();
  const node = stage.node(home, relay.url);
  expect(await node.done).toBeUndefined();
  const named = (prefix: string) =>
    join(home, readdirSync(home).find((name) => name.startsWith(prefix)) ?? prefix);
  const receipts = receiptsIn(readFileSync(named('receipts-')));
  expect(receipts.map(({ round }) => round)).toEqual([1, 2, 3]);

  // The copy's history is as long, so only what the node kept shows that it is another one.
  const fork = await stage.relay({ folder: copy });
  const other = stage.node(await stage.folder(), fork.url, { seed: 2, corpusName: 'odd' });
  expect(await other.done).toBeUndefined();
  const again = stage.node(home, fork.url);
  expect(await again.done).toMatchObject({
    code: 'relay.journal-forked',
    next: expect.stringContaining('fork-'),
  });
  expect(again.all('joined')).toEqual([]);
  const proof = decodeForkProof(readFileSync(named('fork-')));
  expect(proof && (await checkForkProof(proof))).toMatchObject({ run: fork.runId });

  // Every file of the two is known by its name, so that nothing else is ever removed with them.
  expect(filesIn(folder).filter((path) => !isRunFile(path))).toEqual([]);
  expect(filesIn(home).filter((path) => !isNodeFile(path))).toEqual([]);

  // The relay that it knows is still good.
  const home2 = stage.node(home, relay.url);
  expect(await home2.done).toBeUndefined();
});
