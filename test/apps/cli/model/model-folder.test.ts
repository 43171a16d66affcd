import { execFile } from 'node:child_process';
import { copyFile, readdir, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { removeBase, saveBase } from '../../../../apps/cli/model/base-folder.ts';
import { loadModel } from '../../../../apps/cli/model/model-folder.ts';
import { byteTokenizer, type ModelTokenizer } from '../../../../client/data/tokenizer.ts';
import { tokenizerFromFile } from '../../../../client/data/tokenizer-file.ts';
import { decodeSafetensors, encodeSafetensors } from '../../../../client/formats/safetensors.ts';
import { initialParameters, layoutOf } from '../../../../client/model/parameters.ts';
import { bpeFile } from '../../../support/data/bpe-file.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

async function saved(
  tokenizer: ModelTokenizer,
  vocabularySize = tokenizer.vocabularySize,
  folder = join(temporaryFolder(), 'model'),
  run = '0'.repeat(64),
): Promise<string> {
  const sizes = { layers: 1, dimension: 8, heads: 2, keyValueHeads: 1, feedForward: 8, contextLength: 16 };
  const config = { ...sizes, vocabularySize, ropeTheta: 10_000, normEpsilon: 1e-5, tiedHead: true };
  const layout = layoutOf(config);
  const model = { config, layout, parameters: initialParameters(config, layout, 1), tokenizer };
  const facts = { run, round: 0, contributions: 0, tokens: 0, localSteps: 1 };
  await saveBase(folder, model, { name: 'test', license: 'Apache-2.0', corpora: [], ...facts });
  return folder;
}

test('a saved model is read back with its tokenizer, bytes or a file', async () => {
  expect((await loadModel(await saved(byteTokenizer))).tokenizer).toBe(byteTokenizer);
  const { tokenizer } = await loadModel(await saved(tokenizerFromFile(bpeFile()), 512));
  expect(tokenizer.vocabularySize).toBe(512);
  expect(tokenizer.file).toEqual(bpeFile());
  expect(tokenizer.decode(tokenizer.encode(' the other'))).toBe(' the other');
});

test('weights of an older version, and weights in several files, are read', async () => {
  const folder = await saved(byteTokenizer);
  const { parameters } = await loadModel(folder);
  const weights = join(folder, 'model.safetensors');
  const { tensors } = decodeSafetensors(new Uint8Array(await readFile(weights)));
  await rename(weights, join(folder, 'base.safetensors'));
  expect((await loadModel(folder)).parameters).toEqual(parameters);
  await rm(join(folder, 'base.safetensors'));
  const names: Record<string, string> = {};
  for (const [name, tensor] of tensors) {
    names[name] = `${name}.safetensors`;
    await writeFile(join(folder, `${name}.safetensors`), encodeSafetensors([{ name, ...tensor }], {}));
  }
  await writeFile(join(folder, 'model.safetensors.index.json'), JSON.stringify({ weight_map: names }));
  expect((await loadModel(folder)).parameters).toEqual(parameters);
  await rm(join(folder, 'model.norm.weight.safetensors'));
  await expect(loadModel(folder)).rejects.toMatchObject({ code: 'model.missing' });
});

test("the folder's tokenizer files name the special tokens", async () => {
  const folder = await saved(tokenizerFromFile(bpeFile()));
  expect(JSON.parse(await readFile(join(folder, 'tokenizer_config.json'), 'utf8'))).toMatchObject({
    bos_token: '<|begin|>',
    eos_token: '<|end|>',
    pad_token: '<|pad|>',
    model_max_length: 16,
  });
});

test('a configuration of transformers 5 is read', async () => {
  const folder = await saved(byteTokenizer);
  const path = join(folder, 'config.json');
  const { rope_theta, torch_dtype, ...config } = JSON.parse(await readFile(path, 'utf8'));
  expect([rope_theta, torch_dtype]).toEqual([10_000, 'float32']);
  await writeFile(path, JSON.stringify({ ...config, transformers_version: '5.0.0' }));
  expect((await loadModel(folder)).config.ropeTheta).toBe(10_000);
});

test('a pipe in place of a file, a missing file and a file that is too long are refused', async () => {
  const folder = await saved(byteTokenizer);
  const config = join(folder, 'config.json');
  await rm(config);
  await expect(loadModel(folder)).rejects.toMatchObject({ code: 'model.missing' });
  await promisify(execFile)('mkfifo', [config]);
  await expect(loadModel(folder)).rejects.toMatchObject({
    code: 'model.unreadable',
    message: `${config} is no regular file.`,
  });
  await rm(config);
  await writeFile(config, ' '.repeat(65_537));
  await expect(loadModel(folder)).rejects.toMatchObject({
    message: `${config} has more than 65536 bytes.`,
  });
});

test('a base replaces one of its own run, and all other files in the folder stay', async () => {
  const folder = await saved(byteTokenizer);
  await writeFile(join(folder, 'notes.txt'), 'mine');
  const names = await readdir(folder);
  await saved(byteTokenizer, undefined, folder);
  expect(await readdir(folder)).toEqual(names);
  await expect(saved(byteTokenizer, undefined, folder, '1'.repeat(64))).rejects.toMatchObject({
    code: 'model.foreign-folder',
  });
  await removeBase(folder);
  expect(await readdir(folder)).toEqual(['notes.txt']);
});

test('a file of a base that somebody changed is neither replaced nor removed', async () => {
  const folder = await saved(byteTokenizer);
  const card = join(folder, 'README.md');
  await writeFile(card, 'mine');
  await expect(saved(byteTokenizer, undefined, folder)).rejects.toMatchObject({
    code: 'model.foreign-folder',
    message: expect.stringMatching(/README\.md\.$/),
  });
  await removeBase(folder);
  expect(await readdir(folder)).toEqual(['README.md']);
  expect(await readFile(card, 'utf8')).toBe('mine');
});

test('a copy of a run’s weights does not mark the files beside it as the run’s', async () => {
  const folder = temporaryFolder();
  await copyFile(join(await saved(byteTokenizer), 'model.safetensors'), join(folder, 'model.safetensors'));
  await writeFile(join(folder, 'README.md'), 'mine');
  await removeBase(folder);
  expect((await readdir(folder)).sort()).toEqual(['README.md', 'model.safetensors']);
});

test('weights of another size than config.json says are refused before they are read', async () => {
  const folder = await saved(byteTokenizer);
  const path = join(folder, 'model.safetensors');
  await truncate(path, 2 ** 33);
  const before = process.memoryUsage().arrayBuffers;
  await expect(loadModel(folder)).rejects.toMatchObject({ code: 'safetensors.bad-offsets' });
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 24);
  await truncate(path, 2 ** 35);
  await expect(loadModel(folder)).rejects.toMatchObject({ code: 'model.unreadable' });
});

test.each(['README.md', 'model.safetensors', 'config.json'])(
  'a folder with a %s that no run made is refused and left unchanged',
  async (name) => {
    const folder = temporaryFolder();
    await writeFile(join(folder, name), 'mine');
    const refused = expect.objectContaining({ code: 'model.foreign-folder' });
    await expect(saved(byteTokenizer, undefined, folder)).rejects.toThrow(refused);
    await removeBase(folder);
    expect(await readdir(folder)).toEqual([name]);
    expect(await readFile(join(folder, name), 'utf8')).toBe('mine');
  },
);
