import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { tokenizerOf } from '../../../apps/cli/run/run-tokenizer.ts';
import { tokenizerFromFile } from '../../../client/data/tokenizer-file.ts';
import { Stage, tinyRun } from '../../support/contribute/harness.ts';
import { bpeFile } from '../../support/data/bpe-file.ts';

const stage = new Stage();
afterEach(() => stage.close());

test('a run whose tokenizer is a file trains, its nodes download it once, and it is still served after a restart', async () => {
  const tokenizer = bpeFile();
  const run = { rounds: 2, localSteps: 2, quorum: 1, target: 1 };
  const [relayFolder, nodeFolder] = [await stage.folder(), await stage.folder()];
  const relay = await stage.relay({ folder: relayFolder, create: tinyRun({ ...run, tokenizer }) });
  const node = stage.node(nodeFolder, relay.url);
  await node.said('committed');
  await relay.complete;
  expect(await node.done).toBeUndefined();
  expect(relay.status().totals.contributions).toBe(2);
  const name = (await readdir(nodeFolder)).find((file) => file.startsWith('tokenizer-')) ?? '';
  expect(new Uint8Array(await readFile(join(nodeFolder, name)))).toEqual(tokenizer);
  await relay.close();
  const again = await stage.relay({ folder: relayFolder });
  const own = await tokenizerOf(again);
  for (const text of ['the other <|end|>', 'é 漢\r\n']) expect(own.decode(own.encode(text))).toBe(text);
  expect(own.file).toEqual(tokenizerFromFile(tokenizer).file);
});

test('a node downloads a tokenizer again if the copy in its folder is damaged', async () => {
  const folder = await stage.folder();
  const create = tinyRun({ rounds: 1, localSteps: 1, quorum: 1, target: 1, tokenizer: bpeFile() });
  const relay = await stage.relay({ folder: await stage.folder(), create });
  const name = `tokenizer-${relay.runId.slice(0, 16)}.json`;
  await writeFile(join(folder, name), 'damaged');
  const node = stage.node(folder, relay.url);
  expect(await node.done).toBeUndefined();
  expect(new Uint8Array(await readFile(join(folder, name)))).toEqual(bpeFile());
});

test('a new run must hold the tokenizer that its manifest names', async () => {
  const { tokenizer: _file, ...create } = tinyRun({
    rounds: 1,
    localSteps: 1,
    quorum: 1,
    target: 1,
    tokenizer: bpeFile(),
  });
  const folder = await stage.folder();
  await expect(stage.relay({ folder, create })).rejects.toMatchObject({ code: 'manifest.invalid' });
});
