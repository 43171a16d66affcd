import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { mergeCommand } from '../../../../apps/cli/commands/merge.ts';
import { writeNewFile } from '../../../../apps/cli/files/new-file.ts';
import { loadModel } from '../../../../apps/cli/model/model-folder.ts';
import { writeModelFolder } from '../../../../apps/cli/model/write-model.ts';
import { byteTokenizer, type ModelTokenizer } from '../../../../client/data/tokenizer.ts';
import { tokenizerFromFile } from '../../../../client/data/tokenizer-file.ts';
import { mergeModels } from '../../../../client/derive/merge/merge.ts';
import type { MergeMethod } from '../../../../client/derive/merge/method.ts';
import { encodeGgufModel } from '../../../../client/formats/gguf/model.ts';
import { parseLineage } from '../../../../client/formats/lineage/lineage.ts';
import { encodeModelFolder, parametersHash } from '../../../../client/formats/model-folder.ts';
import type { ModelConfig } from '../../../../client/model/config.ts';
import { initialParameters, layoutOf } from '../../../../client/model/parameters.ts';
import { bpeFile } from '../../../support/data/bpe-file.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

const config: ModelConfig = {
  ...{ layers: 2, dimension: 16, heads: 2, keyValueHeads: 1, feedForward: 32, contextLength: 16 },
  ...{ vocabularySize: 272, ropeTheta: 10_000, normEpsilon: Math.fround(1e-5), tiedHead: true },
};
const bpe = tokenizerFromFile(bpeFile(), { vocabularySize: 272 });

interface Change {
  readonly sizes?: ModelConfig;
  readonly tokenizer?: ModelTokenizer;
  readonly kind?: 'gguf';
}

/** Writes a model; returns its values. */
async function write(path: string, seed: number, change: Change = {}): Promise<Float32Array<ArrayBuffer>> {
  const { sizes = config, tokenizer = bpe } = change;
  const layout = layoutOf(sizes);
  const parameters = initialParameters(sizes, layout, seed);
  if (change.kind === 'gguf') {
    const notes = { name: 'x', type: 'F32' as const, metadata: {} };
    await writeNewFile(path, encodeGgufModel(sizes, layout, parameters, tokenizer, notes), '--to');
  } else {
    const notes = { metadata: {}, card: '' };
    await writeModelFolder(path, encodeModelFolder(sizes, layout, parameters, tokenizer, notes));
  }
  return parameters;
}

const run = (words: readonly string[]) =>
  mergeCommand()
    .exitOverride()
    .parseAsync([...words, '--json', '--data', temporaryFolder()], { from: 'user' });

/** A folder with a base, two models of its shape, of which one is a GGUF file, and a recipe. */
async function prepared(method: string, rest: string) {
  const folder = temporaryFolder();
  const at = (name: string) => join(folder, name);
  const base = await write(at('base'), 1);
  const models = [await write(at('a'), 2), await write(at('b.gguf'), 3, { kind: 'gguf' })];
  const entry = (name: string, weight: number) =>
    `  - { model: '${at(name)}', parameters: { weight: ${weight}, density: 0.5 } }\n`;
  const recipe = at('merge.yaml');
  const text = `merge_method: ${method}\nbase_model: '${at('base')}'\nmodels:\n${entry('a', 0.75)}${entry('b.gguf', 0.25)}${rest}`;
  await writeFile(recipe, text);
  return { at, base, models, recipe, text };
}

const sparse = { weights: [0.75, 0.25], densities: [0.5, 0.5], lambda: 1 };

test.each<[string, string, MergeMethod]>([
  ['linear', '', { kind: 'linear', weights: [0.75, 0.25], normalize: true }],
  ['ties', 'parameters: { int8_mask: true }', { kind: 'ties', ...sparse, normalize: true, seed: 0 }],
  ['dare_ties', 'seed: 9', { kind: 'dare-ties', ...sparse, normalize: false, seed: 9 }],
])(
  '%s of a folder and a GGUF file gives what the library computes, with its lineage',
  async (name, rest, method) => {
    const { at, base, models, recipe } = await prepared(name, rest);
    await run([recipe, '--out', at('out')]);
    const written = await loadModel(at('out'));
    expect(written.parameters).toEqual(mergeModels({ layout: layoutOf(config), models, base }, () => method));
    expect(written.config).toEqual(config);
    expect(written.tokenizer.file).toEqual(bpe.file);
    const parents = (method.kind === 'linear' ? models : [base, ...models]).map(parametersHash);
    const weights = parametersHash(written.parameters);
    const { record: lineage } = parseLineage(await readFile(at('out/lineage.json')));
    expect(lineage.parents.map((parent) => parent.weights)).toEqual(parents);
    if (lineage.made !== 'merge') throw new Error(lineage.made);
    expect(written.metadata).toMatchObject({
      'tapestry.kind': 'derivative',
      'tapestry.weights': weights,
      'tapestry.parents': parents.join(','),
      'tapestry.recipe': lineage.recipe,
    });
    const card = await readFile(at('out/README.md'), 'utf8');
    for (const hash of [weights, ...parents, lineage.recipe]) expect(card).toContain(hash);
  },
);

test('SLERP in float16: the hash is of the rounded values, and the base is its beginning', async () => {
  const { at, base, models, recipe, text } = await prepared(
    'slerp',
    'parameters: { t: 0.3 }\ndtype: float16\n',
  );
  await writeFile(recipe, text.replace(/ {2}- .*b\.gguf.*\n/, ''));
  await run([recipe, '--out', at('out')]);
  const { parameters, metadata } = await loadModel(at('out'));
  const whole = mergeModels({ layout: layoutOf(config), models: [base, models[0] ?? base] }, () => ({
    kind: 'slerp',
    fraction: 0.3,
  }));
  expect(parameters).toEqual(Float32Array.from(Float16Array.from(whole)));
  expect(metadata['tapestry.weights']).toBe(parametersHash(parameters));
});

test('a dry run writes nothing, and a folder with files is left as it is', async () => {
  const { at, recipe } = await prepared('linear', '');
  const before = await readdir(at(''));
  await run([recipe, '--out', at('out'), '--dry-run']);
  expect(await readdir(at(''))).toEqual(before);
  const files = await readFile(join(at('a'), 'model.safetensors'));
  await expect(run([recipe, '--out', at('a')])).rejects.toMatchObject({
    code: 'usage.exists',
    next: 'Name another place with --out, or move it away.',
  });
  expect(await readFile(join(at('a'), 'model.safetensors'))).toEqual(files);
});

test.each<[string, Change, string, string]>([
  [
    'sizes',
    { sizes: { ...config, feedForward: 48, ropeTheta: 500_000 } },
    'merge.shape',
    'feedForward is 48 and not 32, ropeTheta is 500000 and not 10000.',
  ],
  [
    'tokens',
    { tokenizer: tokenizerFromFile(bpeFile(260), { vocabularySize: 272 }) },
    'merge.tokenizer',
    'has another tokenizer than',
  ],
  [
    'vocabulary',
    { sizes: { ...config, vocabularySize: 260 }, tokenizer: byteTokenizer },
    'merge.shape',
    'vocabularySize is 260 and not 272.',
  ],
])('a model with other %s is refused by name', async (_, change, code, message) => {
  const { at, recipe, text } = await prepared('linear', '');
  await write(at('other'), 4, change);
  await writeFile(recipe, text.replace('b.gguf', 'other'));
  await expect(run([recipe, '--out', at('out')])).rejects.toMatchObject({
    code,
    message: expect.stringContaining(message),
  });
  expect(await readdir(at(''))).not.toContain('out');
});
