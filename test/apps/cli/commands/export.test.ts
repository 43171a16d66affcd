import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gguf as readGguf } from '@huggingface/gguf';
import { expect, test } from 'vitest';
import { exportCommand } from '../../../../apps/cli/commands/export.ts';
import { importCommand } from '../../../../apps/cli/commands/import.ts';
import { loadAdapter, saveAdapter } from '../../../../apps/cli/model/adapter-folder.ts';
import { loadModel } from '../../../../apps/cli/model/model-folder.ts';
import { writeModelFolder } from '../../../../apps/cli/model/write-model.ts';
import { tokenizerFromFile } from '../../../../client/data/tokenizer-file.ts';
import { encodeModelFolder } from '../../../../client/formats/model-folder.ts';
import { mergeAdapter } from '../../../../client/model/adapter/merge.ts';
import { modelAdapter } from '../../../../client/model/adapter/model-adapter.ts';
import { adapterLayout } from '../../../../client/model/adapter/settings.ts';
import { CpuDecoder } from '../../../../client/model/generate/cpu-decoder.ts';
import { generate } from '../../../../client/model/generate/generate.ts';
import { initialParameters, layoutOf } from '../../../../client/model/parameters.ts';
import { Random } from '../../../../client/random.ts';
import { relativeError } from '../../../platform/step.ts';
import { bpeFile } from '../../../support/data/bpe-file.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

const sizes = { layers: 1, dimension: 64, heads: 4, keyValueHeads: 2, feedForward: 96, contextLength: 32 };
const config = {
  ...sizes,
  vocabularySize: 272,
  ropeTheta: 10_000,
  normEpsilon: Math.fround(1e-5),
  tiedHead: true,
};
const layout = layoutOf(config);

/** A folder as another tool writes it: no kind. Its weights are large, so that its texts differ. */
async function foreign(metadata: Record<string, string> = {}): Promise<string> {
  const folder = join(temporaryFolder(), 'foreign');
  const parameters = new Float32Array(layout.length);
  const random = Random.seeded(7, 0);
  for (const { offset, size, decay } of layout.tensors)
    for (let i = 0; i < size; i++) parameters[offset + i] = (decay ? 0 : 1) + 0.2 * random.normal();
  const tokenizer = tokenizerFromFile(bpeFile(), { vocabularySize: 272, chatTemplate: '{{ bos_token }}x' });
  await writeModelFolder(
    folder,
    encodeModelFolder(config, layout, parameters, tokenizer, { metadata, card: '' }),
  );
  return folder;
}

const run = (words: readonly string[], command = exportCommand()) =>
  command.exitOverride().parseAsync([...words, '--json', '--data', temporaryFolder()], { from: 'user' });
const importing = (from: string, to: string) => run([from, '--to', to], importCommand());

async function greedy(path: string): Promise<readonly number[]> {
  const { tokenizer, config: read, layout: places, parameters } = await loadModel(path);
  const tokens = [tokenizer.beginning, ...tokenizer.encode('the other é')];
  const decoder = new CpuDecoder(read, places, parameters);
  const made: number[] = [];
  const options = { tokenizer, maxTokens: 16, temperature: 0 };
  for await (const { token } of generate(decoder, [{ tokens, random: Random.seeded(0, 0) }], options))
    made.push(token);
  return made;
}

test('a foreign folder becomes a base, goes out as GGUF and comes back with the same values, words and text', async () => {
  const to = temporaryFolder();
  const [base, gguf, back] = ['base', 'model.gguf', 'back'].map((name) => join(to, name)) as [
    string,
    string,
    string,
  ];
  const folder = await foreign();
  const text = await greedy(folder);
  expect(new Set(text).size).toBeGreaterThan(3);
  await importing(folder, base);
  const imported = await loadModel(base);
  expect(imported.metadata).toMatchObject({ 'tapestry.kind': 'base', 'tapestry.source': 'foreign' });
  expect(await readFile(join(base, 'README.md'), 'utf8')).toContain('base_model: "foreign"');
  await run(['--model', base, '--to', gguf, '--dtype', 'f32']);
  await importing(gguf, back);
  const { parameters, tokenizer, config: read, metadata } = await loadModel(back);
  expect(parameters).toEqual(imported.parameters);
  expect(read).toEqual(config);
  expect(metadata['tapestry.base']).toBe(imported.metadata['tapestry.base']);
  expect(tokenizer.chatTemplate).toBe('{{ bos_token }}x');
  for (const path of [base, gguf, back]) expect(await greedy(path)).toEqual(text);
});

test('rounded weights go out without the hash that they no longer have, and an f16 folder gives an f16 GGUF’s text', async () => {
  const to = temporaryFolder();
  const base = join(to, 'base');
  await importing(await foreign(), base);
  const { metadata } = await loadModel(base);
  for (const [format, dtype, path] of [
    ['gguf', 'f16', 'half.gguf'],
    ['gguf', 'q8_0', 'eight.gguf'],
    ['safetensors', 'f16', 'half'],
    ['safetensors', 'bf16', 'brain'],
  ] as const) {
    await run(['--model', base, '--to', join(to, path), '--format', format, '--dtype', dtype]);
    const written = await loadModel(join(to, path));
    expect(written.metadata).toMatchObject({ 'tapestry.parent': metadata['tapestry.base'] });
    expect(written.metadata).not.toHaveProperty('tapestry.base');
  }
  expect(JSON.parse(await readFile(join(to, 'brain/config.json'), 'utf8'))).toMatchObject({
    dtype: 'bfloat16',
    torch_dtype: 'bfloat16',
  });
  expect(await greedy(join(to, 'half'))).toEqual(await greedy(join(to, 'half.gguf')));
});

test('a derivative, a place that is taken, and a format that has no such numbers are refused', async () => {
  const to = temporaryFolder();
  const derivative = await foreign({ 'tapestry.kind': 'derivative' });
  await expect(importing(derivative, join(to, 'a'))).rejects.toMatchObject({ code: 'model.derivative' });
  const gguf = join(to, 'derivative.gguf');
  await run(['--model', derivative, '--to', gguf]);
  await expect(importing(gguf, join(to, 'a'))).rejects.toMatchObject({ code: 'model.derivative' });
  await writeFile(join(to, 'mine.gguf'), 'mine');
  await expect(run(['--model', derivative, '--to', join(to, 'mine.gguf')])).rejects.toMatchObject({
    code: 'usage.exists',
  });
  await expect(importing(derivative, to)).rejects.toMatchObject({ code: 'usage.exists' });
  for (const words of [
    ['--dtype', 'bf16'],
    ['--dtype', 'q8_0', '--format', 'safetensors'],
  ])
    await expect(run(['--model', derivative, '--to', join(to, 'new.gguf'), ...words])).rejects.toMatchObject({
      code: 'usage.dtype',
    });
  const other = run(['--model', derivative, '--to', join(to, 'new.bin')]);
  await expect(other).rejects.toMatchObject({ code: 'usage.to', message: expect.stringContaining('.gguf') });
  expect(await readdir(to)).not.toContain('new.bin');
});

test('an adapter is read from PEFT’s folder for its model, and goes out as GGUF and as PEFT', async () => {
  const to = temporaryFolder();
  const [folder, gguf, again] = ['adapter', 'adapter.gguf', 'again'].map((name) => join(to, name)) as [
    string,
    string,
    string,
  ];
  const settings = {
    ...{ rank: 2, alpha: 4, targets: ['q_proj', 'up_proj'], rsLora: false, dora: false },
    ...{ rankPattern: { up_proj: 3 }, alphaPattern: {} },
  };
  const own = adapterLayout(layout, settings);
  const values = initialParameters(config, own, 3);
  const notes = { baseModel: 'org/open', metadata: { 'tapestry.kind': 'derivative' } };
  await saveAdapter(folder, settings, modelAdapter(layout, settings, values), notes);
  const model = await foreign();
  await run(['--model', model, '--adapter', folder, '--to', gguf]);
  await run(['--model', model, '--adapter', folder, '--to', again, '--format', 'peft']);
  const loaded = await loadAdapter(again, { config, layout });
  expect(loaded).toMatchObject({ settings, baseModel: 'org/open', metadata: notes.metadata });
  expect(loaded.adapter.values).toEqual(values);
  const { metadata, tensorInfos } = await readGguf(gguf, { allowLocalFile: true });
  expect(metadata).toMatchObject({
    'general.type': 'adapter',
    'adapter.type': 'lora',
    'adapter.lora.alpha': 4,
    'tapestry.kind': 'derivative',
  });
  expect(tensorInfos.map(({ name, shape }) => [name, ...shape.map(Number)])).toEqual([
    ['blk.0.attn_q.weight.lora_a', 64, 2],
    ['blk.0.attn_q.weight.lora_b', 2, 64],
    ['blk.0.ffn_up.weight.lora_a', 64, 3],
    ['blk.0.ffn_up.weight.lora_b', 3, 96],
  ]);
  const read = await loadAdapter(gguf, { config, layout });
  expect(read.metadata).toMatchObject(notes.metadata);
  const base = { layout, values: initialParameters(config, layout, 5) };
  const merged = mergeAdapter(base, read.adapter);
  const expected = Float64Array.from(mergeAdapter(base, loaded.adapter));
  expect(relativeError(merged, expected)).toBeLessThan(1e-6);
  expect(merged).not.toEqual(base.values);
  const dora = join(to, 'dora');
  const magnitudes = { ...settings, dora: true };
  const places = adapterLayout(layout, magnitudes);
  await saveAdapter(
    dora,
    magnitudes,
    modelAdapter(layout, magnitudes, new Float32Array(places.length).fill(1)),
    notes,
  );
  await expect(
    run(['--model', model, '--adapter', dora, '--to', join(to, 'dora.gguf')]),
  ).rejects.toMatchObject({
    code: 'gguf.unsupported',
    message: expect.stringContaining('DoRA'),
  });
});
