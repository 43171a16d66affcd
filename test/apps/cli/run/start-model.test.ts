import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { exportCommand } from '../../../../apps/cli/commands/export.ts';
import { importCommand } from '../../../../apps/cli/commands/import.ts';
import { saveAdapter } from '../../../../apps/cli/model/adapter-folder.ts';
import { loadModel } from '../../../../apps/cli/model/model-folder.ts';
import { writeModelFolder } from '../../../../apps/cli/model/write-model.ts';
import { exportBase } from '../../../../apps/cli/run/export-base.ts';
import { heldOutLosses } from '../../../../apps/cli/run/held-out-losses.ts';
import { newRun } from '../../../../apps/cli/run/new-run.ts';
import { tokenizerOf } from '../../../../apps/cli/run/run-tokenizer.ts';
import { loadStartBase, type StartBase } from '../../../../apps/cli/run/start-model.ts';
import { modelConfigOf } from '../../../../client/contribute/run-model.ts';
import { type Corpus, corpusFromTexts } from '../../../../client/data/corpus.ts';
import { encodeBeginning } from '../../../../client/data/tokenizer.ts';
import { tokenizerFromFile } from '../../../../client/data/tokenizer-file.ts';
import { encodeModelFolder } from '../../../../client/formats/model-folder.ts';
import type { SpecialTokenNames } from '../../../../client/formats/tokenizer-config.ts';
import { modelAdapter } from '../../../../client/model/adapter/model-adapter.ts';
import { adapterLayout } from '../../../../client/model/adapter/settings.ts';
import type { ModelConfig } from '../../../../client/model/config.ts';
import { CpuDecoder } from '../../../../client/model/generate/cpu-decoder.ts';
import { generate } from '../../../../client/model/generate/generate.ts';
import { initialParameters, layoutOf } from '../../../../client/model/parameters.ts';
import { Random } from '../../../../client/random.ts';
import type { NewRun } from '../../../../relay/run/run.ts';
import { toHex } from '../../../../relay/wire/hex.ts';
import { Stage } from '../../../support/contribute/harness.ts';
import { bpeFile } from '../../../support/data/bpe-file.ts';
import { continueWithLlamaCpp, hasLlamaCpp } from '../../../support/formats/llama-cpp.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

const stage = new Stage();
afterEach(() => stage.close());

const sizes = { layers: 1, dimension: 32, heads: 2, keyValueHeads: 1, feedForward: 64, contextLength: 24 };
const usual = { ...sizes, vocabularySize: 272, ropeTheta: 10_000, normEpsilon: 1e-5, tiedHead: true };

/** A folder of another tool. */
async function foreign(
  config: ModelConfig = usual,
  kind?: string,
  names: Partial<SpecialTokenNames> = {},
): Promise<string> {
  const folder = join(temporaryFolder(), 'open-model');
  const layout = layoutOf(config);
  const tokenizer = tokenizerFromFile(bpeFile(), { vocabularySize: 272, names });
  const notes = { metadata: kind === undefined ? {} : { 'tapestry.kind': kind }, card: '' };
  const files = encodeModelFolder(config, layout, initialParameters(config, layout, 5), tokenizer, notes);
  await writeModelFolder(folder, files);
  return folder;
}

const silent = () => ['--json', '--data', temporaryFolder()];
const importing = (from: string, to: string) =>
  importCommand()
    .exitOverride()
    .parseAsync([from, '--to', to, ...silent()], { from: 'user' });

const corpus = (name: string, words: string): Corpus =>
  corpusFromTexts(
    name,
    Array.from({ length: 8 }, () => words.repeat(25)),
  );
const corpora = [
  corpus('one', 'the other one on the in '),
  corpus('two', 'here in there a '),
  corpus('three', '12 re 12 at the '),
];

function runOf(start: StartBase): NewRun {
  return newRun({
    ...{
      name: 'on',
      preset: start.preset,
      start,
      tokenizer: start.tokenizer,
      corpora: corpora.map(({ name }) => name),
    },
    ...{ rounds: 5, steps: 24, batch: 4, quorum: 3, maxNodes: 3, deadlineMs: 3_600_000, graceMs: 3_600_000 },
    ...{ readers: 'anyone', seed: 0, created: 0 },
  });
}

test('three nodes train an imported model on with its own vocabulary, each corpus’s loss falls, and it goes out as GGUF', async () => {
  const base = join(temporaryFolder(), 'base');
  await importing(await foreign(), base);
  const start = await loadStartBase(base);
  expect(start).toMatchObject({ name: 'open-model', preset: 'nano' });
  const create = runOf(start);
  const relay = await stage.relay({ folder: await stage.folder(), create });
  expect(toHex(relay.manifest.initialBase)).toBe(start.hash);
  expect(relay.manifest.strategy.sequence).toBe(24);
  for (const each of corpora)
    stage.node(await stage.folder(), relay.url, { corpus: each, corpusName: each.name });
  await relay.complete;
  const [folder, gguf] = [join(temporaryFolder(), 'trained'), join(temporaryFolder(), 'trained.gguf')];
  await exportBase(relay, folder, [], start.name);
  await exportCommand()
    .exitOverride()
    .parseAsync(['--model', folder, '--to', gguf, '--dtype', 'f32', ...silent()], { from: 'user' });
  const { parameters, config, layout, tokenizer } = await loadModel(gguf);
  expect(parameters).toEqual((await relay.base()).parameters);
  const [before = [], after = []] = await heldOutLosses(
    config,
    tokenizer,
    [start.parameters, parameters],
    corpora,
    4,
  );
  for (const [i, loss] of after.entries()) expect(loss).toBeLessThan((before[i] ?? 0) - 0.2);
  if (!hasLlamaCpp) return;
  const text = 'the other one';
  const [continued] = await continueWithLlamaCpp([
    { model: gguf, before: [tokenizer.beginning], text, count: 8 },
  ]);
  const prompt = { tokens: [...encodeBeginning(tokenizer, text)], random: Random.seeded(0) };
  const decoder = new CpuDecoder(config, layout, parameters);
  const made: number[] = [];
  for await (const { token } of generate(decoder, [prompt], { tokenizer, maxTokens: 8, temperature: 0 }))
    made.push(token);
  expect(continued?.made).toEqual(made);
});

test('what is no base, and a derivative, are refused', async () => {
  await expect(loadStartBase(await foreign())).rejects.toMatchObject({ code: 'model.not-a-base' });
  await expect(loadStartBase(await foreign(usual, 'derivative'))).rejects.toMatchObject({
    code: 'model.not-a-base',
    message: expect.stringContaining('derivative'),
  });
  const base = join(temporaryFolder(), 'base');
  await importing(await foreign(), base);
  const weights = join(base, 'model.safetensors');
  const bytes = await readFile(weights);
  // A base that was rounded, one whose values were changed, and files of a build are not bases.
  const rounded = join(temporaryFolder(), 'rounded');
  await exportCommand()
    .exitOverride()
    .parseAsync(
      ['--model', base, '--to', rounded, '--format', 'safetensors', '--dtype', 'f16', ...silent()],
      { from: 'user' },
    );
  await expect(loadStartBase(rounded)).rejects.toMatchObject({ code: 'model.not-a-base' });
  await writeFile(weights, bytes.with(-3, (bytes.at(-3) ?? 0) ^ 1));
  await expect(loadStartBase(base)).rejects.toMatchObject({ code: 'model.wrong-hash' });
  const adapter = join(temporaryFolder(), 'adapter');
  const settings = { rank: 4, alpha: 8, targets: null, rsLora: false, dora: false };
  const layout = layoutOf(usual);
  const values = new Float32Array(adapterLayout(layout, settings).length);
  await saveAdapter(
    adapter,
    { ...settings, rankPattern: {}, alphaPattern: {} },
    modelAdapter(layout, settings, values),
    { baseModel: 'base', metadata: {} },
  );
  await expect(loadStartBase(adapter)).rejects.toMatchObject({ code: 'model.missing' });
});

test('the manifest of a model with a scaled RoPE, wide heads and special tokens of its own names describes them', async () => {
  const base = join(temporaryFolder(), 'scaled');
  const ropeScaling = { factor: 8, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalContext: 16 };
  const names = { beginning: '<|pad|>', end: '<|begin|>', padding: '<|end|>' };
  const model = { ...usual, ropeScaling, headSize: 24 };
  await importing(await foreign(model, undefined, names), base);
  const start = await loadStartBase(base);
  const relay = await stage.relay({ folder: await stage.folder(), create: runOf(start) });
  expect(modelConfigOf(relay.manifest.model)).toEqual(model);
  const { beginning, end, padding, chatTemplate } = await tokenizerOf(relay);
  expect({ beginning, end, padding }).toEqual({ beginning: 258, end: 256, padding: 257 });
  expect(chatTemplate).toBe(start.tokenizer.chatTemplate);
});
