import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { loadModel } from '../../../apps/cli/model/model-folder.ts';
import { exportBase } from '../../../apps/cli/run/export-base.ts';
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
  const chatTemplate = '{% for m in messages %}[{{ m.role }}] {{ m.content }}{% endfor %}';
  const create = tinyRun({ ...run, tokenizer, chatTemplate });
  const relay = await stage.relay({ folder: relayFolder, create });
  const node = stage.node(nodeFolder, relay.url);
  await node.said('committed');
  await relay.complete;
  expect(await node.done).toBeUndefined();
  expect(relay.status().totals.contributions).toBe(2);
  for (const [name, file] of [
    ['tokenizer', tokenizer],
    ['tokenizer-config', create.tokenizer?.config],
  ] as const) {
    const path = join(nodeFolder, `${name}-${relay.runId.slice(0, 16)}.json`);
    expect(new Uint8Array(await readFile(path))).toEqual(file);
  }
  await relay.close();
  const again = await stage.relay({ folder: relayFolder });
  const own = await tokenizerOf(again);
  for (const text of ['the other <|end|>', 'é 漢\r\n']) expect(own.decode(own.encode(text))).toBe(text);
  expect(own.file).toEqual(tokenizerFromFile(tokenizer).file);
  expect(own.chatTemplate).toBe(chatTemplate);
  const base = join(await stage.folder(), 'base');
  await exportBase(again, base, []);
  expect((await loadModel(base)).tokenizer.chatTemplate).toBe(chatTemplate);
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
