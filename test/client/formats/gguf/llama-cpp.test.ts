import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { lowRankMatrices } from '../../../../apps/cli/model/adapter-folder.ts';
import { loadModel } from '../../../../apps/cli/model/model-folder.ts';
import { byteTokenizer, encodeBeginning, type ModelTokenizer } from '../../../../client/data/tokenizer.ts';
import { tokenizerFromFile } from '../../../../client/data/tokenizer-file.ts';
import { encodeGgufAdapter } from '../../../../client/formats/gguf/adapter.ts';
import type { GgufType } from '../../../../client/formats/gguf/llama.ts';
import { encodeGgufModel } from '../../../../client/formats/gguf/model.ts';
import { fileSizeOf, spreadPadding } from '../../../../client/formats/tensors/padding.ts';
import { mergeAdapter } from '../../../../client/model/adapter/merge.ts';
import { modelAdapter } from '../../../../client/model/adapter/model-adapter.ts';
import { adapterLayout } from '../../../../client/model/adapter/settings.ts';
import type { ModelConfig } from '../../../../client/model/config.ts';
import type { Model } from '../../../../client/model/files/read-model.ts';
import { CpuDecoder } from '../../../../client/model/generate/cpu-decoder.ts';
import { generate } from '../../../../client/model/generate/generate.ts';
import { layoutOf, type ParameterLayout } from '../../../../client/model/parameters.ts';
import { Random } from '../../../../client/random.ts';
import { bpeFile } from '../../../support/data/bpe-file.ts';
import { pieceFile } from '../../../support/data/piece-file.ts';
import { type Continuing, continueWithLlamaCpp, hasLlamaCpp } from '../../../support/formats/llama-cpp.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

const count = 12;
const text = 'the other é in 12 <|end|>';

/** Values so large that the texts differ from token to token. */
function lively(layout: ParameterLayout, seed: number, scale: number): Float32Array<ArrayBuffer> {
  const values = new Float32Array(layout.length);
  const random = Random.seeded(seed, 0);
  for (const place of layout.tensors) {
    const { offset, size, decay } = place;
    for (let i = 0; i < fileSizeOf(place); i++)
      values[offset + i] = (decay ? 0 : 1) + scale * random.normal();
    spreadPadding(place, values.subarray(offset, offset + size));
  }
  return values;
}

function modelWith(tokenizer: ModelTokenizer, changed: Partial<ModelConfig> = {}): Model {
  const sizes = { layers: 2, dimension: 64, heads: 4, keyValueHeads: 2, feedForward: 96, contextLength: 64 };
  const { vocabularySize } = tokenizer;
  const usual = { ...sizes, vocabularySize, ropeTheta: 10_000, normEpsilon: 1e-5, tiedHead: false };
  const config = { ...usual, ...changed };
  const layout = layoutOf(config);
  return { config, layout, parameters: lively(layout, 7, 0.15), tokenizer };
}

async function greedy({ config, layout, parameters, tokenizer }: Model): Promise<number[]> {
  const tokens = [...encodeBeginning(tokenizer, text)];
  const made: number[] = [];
  const options = { tokenizer, maxTokens: count, temperature: 0 };
  const prompt = { tokens, random: Random.seeded(0, 0) };
  for await (const { token } of generate(new CpuDecoder(config, layout, parameters), [prompt], options))
    made.push(token);
  return made;
}

test.runIf(hasLlamaCpp)(
  'llama.cpp makes our tokens and continues alike: f32, f16, q8_0; bytes, merges, SentencePiece; an adapter',
  async () => {
    const folder = temporaryFolder();
    // Its heads are wider than 64 / 4.
    const bytes = modelWith(byteTokenizer, { headSize: 32 });
    // 270 tokens, and a width that is no multiple of 8: both are padded in memory.
    const words = modelWith(tokenizerFromFile(bpeFile()), { feedForward: 92 });
    const pieces = modelWith(tokenizerFromFile(pieceFile()), { feedForward: 92 });
    const plainPieces = modelWith(tokenizerFromFile(pieceFile(false)));
    const write = async (name: string, parts: Iterable<Uint8Array>) => {
      await writeFile(join(folder, name), Buffer.concat([...parts]));
      return join(folder, name);
    };
    const tasks: Continuing[] = [];
    const expected: number[][] = [];
    for (const [model, type] of [
      [bytes, 'F32'],
      [bytes, 'F16'],
      [bytes, 'Q8_0'],
      [words, 'F32'],
      [pieces, 'F32'],
      [pieces, 'F16'],
      [pieces, 'Q8_0'],
      [plainPieces, 'F32'],
    ] as const satisfies (readonly [Model, GgufType])[]) {
      const { config, layout, parameters, tokenizer } = model;
      const notes = { name: 'weave', type, metadata: {} };
      const path = await write(
        `${tasks.length}.gguf`,
        encodeGgufModel(config, layout, parameters, tokenizer, notes),
      );
      tasks.push({ model: path, before: [tokenizer.beginning], text, count });
      expected.push(await greedy({ ...model, parameters: (await loadModel(path)).parameters }));
    }
    // Patterns and rsLoRA, which llama.cpp has not, are multiplied into B.
    const settings = {
      rank: 4,
      alpha: 6,
      targets: null,
      rsLora: true,
      rankPattern: { q_proj: 2 },
      alphaPattern: { v_proj: 9 },
    };
    const own = adapterLayout(bytes.layout, settings);
    const adapter = modelAdapter(bytes.layout, settings, lively(own, 9, 0.1));
    const written = encodeGgufAdapter(bytes.config, 'twist', settings.alpha, lowRankMatrices(adapter), {});
    tasks.push({
      model: join(folder, '0.gguf'),
      adapter: await write('adapter.gguf', written),
      before: [bytes.tokenizer.beginning],
      text,
      count,
    });
    const merged = mergeAdapter({ layout: bytes.layout, values: bytes.parameters }, adapter);
    expected.push(await greedy({ ...bytes, parameters: merged }));

    const continued = await continueWithLlamaCpp(tasks);
    const models = [bytes, bytes, bytes, words, pieces, pieces, pieces, plainPieces, bytes];
    for (const [i, model] of models.entries()) {
      expect(continued[i]?.text, String(i)).toEqual([...encodeBeginning(model.tokenizer, text).slice(1)]);
      expect(continued[i]?.made, String(i)).toEqual(expected[i]);
      expect(continued[i]?.end, String(i)).toBe(model.tokenizer.end);
    }
    expect(expected.at(-1)).not.toEqual(expected[0]);
  },
);
