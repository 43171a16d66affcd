import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { exportCommand } from '../../../../apps/cli/commands/export.ts';
import { importCommand } from '../../../../apps/cli/commands/import.ts';
import { loadAdapter, saveAdapter } from '../../../../apps/cli/model/adapter-folder.ts';
import { loadModel } from '../../../../apps/cli/model/model-folder.ts';
import { encodeBeginning } from '../../../../client/data/tokenizer.ts';
import { tokenizerFromFile } from '../../../../client/data/tokenizer-file.ts';
import { encodeGgufModel } from '../../../../client/formats/gguf/model.ts';
import type { Device } from '../../../../client/gpu/device.ts';
import { initialAdapter } from '../../../../client/model/adapter/initial.ts';
import { type ModelAdapter, modelAdapter } from '../../../../client/model/adapter/model-adapter.ts';
import type { Model } from '../../../../client/model/files/read-model.ts';
import type { CachedDecoder } from '../../../../client/model/generate/cached-decoder.ts';
import { CpuDecoder } from '../../../../client/model/generate/cpu-decoder.ts';
import { generate } from '../../../../client/model/generate/generate.ts';
import { GpuDecoder } from '../../../../client/model/generate/gpu-decoder.ts';
import { initialParameters, layoutOf } from '../../../../client/model/parameters.ts';
import { Random } from '../../../../client/random.ts';
import { Trainer } from '../../../../client/train/trainer.ts';
import { pieceFile } from '../../../support/data/piece-file.ts';
import { continueWithLlamaCpp, hasLlamaCpp } from '../../../support/formats/llama-cpp.ts';
import { openNodeDevice } from '../../../support/gpu-node.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';
import { settings } from '../../../support/train/small-run.ts';

const text = 'the weaver weaves é';
const count = 12;
const lora = {
  rank: 4,
  alpha: 8,
  targets: null,
  rsLora: false,
  dora: false,
  rankPattern: {},
  alphaPattern: {},
};

let device: Device;
beforeAll(async () => {
  device = await openNodeDevice();
});
afterAll(() => device.close());

/** A GGUF file with a SentencePiece vocabulary and a width of its own, as if of another tool. */
async function foreignFile(): Promise<string> {
  const tokenizer = tokenizerFromFile(pieceFile());
  const sizes = { layers: 2, dimension: 64, heads: 4, keyValueHeads: 2, feedForward: 92, contextLength: 64 };
  const { vocabularySize } = tokenizer;
  const config = { ...sizes, vocabularySize, ropeTheta: 10_000, normEpsilon: 1e-5, tiedHead: false };
  const layout = layoutOf(config);
  // Larger than at the start of training, so that the texts differ from token to token.
  const parameters = initialParameters(config, layout, 9).map((value) =>
    Math.abs(value) < 0.2 ? 8 * value : value,
  );
  const path = join(temporaryFolder(), 'foreign.gguf');
  const notes = { name: 'foreign', type: 'F32', metadata: {} } as const;
  await writeFile(path, Buffer.concat([...encodeGgufModel(config, layout, parameters, tokenizer, notes)]));
  return path;
}

async function continued(decoder: CachedDecoder, { tokenizer }: Model, adapter?: string): Promise<number[]> {
  if (adapter !== undefined) decoder.useAdapter(adapter);
  const prompt = { tokens: [...encodeBeginning(tokenizer, text)], random: Random.seeded(0) };
  const made: number[] = [];
  for await (const { token } of generate(decoder, [prompt], { tokenizer, maxTokens: count, temperature: 0 }))
    made.push(token);
  return made;
}

/** The greedy text on the CPU and on the device, with an adapter if one is given. */
async function onBoth(model: Model, adapter?: ModelAdapter): Promise<number[][]> {
  const adapters = new Map(adapter === undefined ? [] : [['own', adapter]]);
  const { config, layout, parameters } = model;
  const decoders = [
    new CpuDecoder(config, layout, parameters, 1, adapters),
    await GpuDecoder.create(device, config, layout, parameters, { sequences: 1, adapters }),
  ];
  const made: number[][] = [];
  for (const decoder of decoders) {
    made.push(await continued(decoder, model, adapter && 'own'));
    decoder.close();
  }
  return made;
}

/** Trains an adapter on one sentence until it is likely. */
async function trainedAdapter({ config, layout, parameters, tokenizer }: Model): Promise<ModelAdapter> {
  const tokens = encodeBeginning(tokenizer, `${text} the other thread of the reed`);
  const shape = { batch: 1, sequence: tokens.length - 1 };
  const batch = { inputs: tokens.slice(0, -1), targets: tokens.slice(1) };
  const trainer = await Trainer.create(device, config, shape, settings, { lora });
  try {
    trainer.setFrozen(parameters);
    trainer.setParameters(initialAdapter(trainer.layout, { layout, values: parameters }, 1));
    trainer.step(batch, 2e-2);
    const before = await trainer.loss();
    for (let step = 0; step < 40; step++) trainer.step(batch, 2e-2);
    expect(await trainer.loss()).toBeLessThan(before / 4);
    return modelAdapter(layout, lora, await trainer.parameters());
  } finally {
    trainer.close();
  }
}

const quiet = () => ['--json', '--data', temporaryFolder()];

test.runIf(hasLlamaCpp)(
  'a foreign GGUF imports, continues word for word as in llama.cpp, trains an adapter, exports and comes back',
  async () => {
    const to = temporaryFolder();
    const [foreign, base] = [await foreignFile(), join(to, 'base')];
    await importCommand()
      .exitOverride()
      .parseAsync([foreign, '--to', base, ...quiet()], { from: 'user' });
    const model = await loadModel(base);
    const adapter = await trainedAdapter(model);
    const folder = join(to, 'adapter');
    await saveAdapter(folder, lora, adapter, {
      baseModel: 'foreign',
      metadata: { 'tapestry.kind': 'derivative' },
    });
    const [gguf, adapterGguf] = [join(to, 'base.gguf'), join(to, 'adapter.gguf')];
    const exported = (...words: string[]) =>
      exportCommand()
        .exitOverride()
        .parseAsync(['--model', base, ...words, ...quiet()], { from: 'user' });
    await exported('--to', gguf, '--dtype', 'f32');
    await exported('--adapter', folder, '--to', adapterGguf);
    const before = [model.tokenizer.beginning];
    const [first, again, adapted] = await continueWithLlamaCpp([
      { model: foreign, before, text, count },
      { model: gguf, before, text, count },
      { model: gguf, adapter: adapterGguf, before, text, count },
    ]);
    for (const made of await onBoth(model)) expect(made).toEqual(first?.made);
    expect(new Set(first?.made).size).toBeGreaterThan(3);
    expect(again?.made).toEqual(first?.made);
    const back = await loadModel(gguf);
    expect(back.parameters).toEqual(model.parameters);
    const own = (await loadAdapter(adapterGguf, back)).adapter;
    for (const made of await onBoth(back, own)) expect(made).toEqual(adapted?.made);
    expect(model.tokenizer.decode(adapted?.made ?? [])).toContain('the other thread');
  },
);
