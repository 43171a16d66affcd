import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { GGMLQuantizationType, gguf } from '@huggingface/gguf';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { byteTokenizer } from '../../../../client/data/tokenizer.ts';
import { tokenizerFromFile } from '../../../../client/data/tokenizer-file.ts';
import { TapestryError } from '../../../../client/errors.ts';
import { encodeGgufModel, openGgufModel } from '../../../../client/formats/gguf/model.ts';
import { rowsInTransformers } from '../../../../client/formats/gguf/names.ts';
import { encodeGguf, type GgufPair } from '../../../../client/formats/gguf/writer.ts';
import { sourceOf } from '../../../../client/formats/tensors/byte-source.ts';
import { decodeNumbers, encodeNumbers } from '../../../../client/formats/tensors/number-type.ts';
import { readWeights } from '../../../../client/formats/tensors/weights.ts';
import type { ModelConfig } from '../../../../client/model/config.ts';
import { initialParameters, layoutOf } from '../../../../client/model/parameters.ts';
import { bpeFile } from '../../../support/data/bpe-file.ts';
import oracle from '../../../support/oracle/formats.json' with { type: 'json' };
import { oracleTensor } from '../../../support/oracle/oracle.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

/** The feed-forward width is no multiple of 32. */
const config: ModelConfig = {
  vocabularySize: 260,
  layers: 2,
  dimension: 64,
  heads: 4,
  keyValueHeads: 2,
  feedForward: 40,
  contextLength: 48,
  ropeTheta: 10_000,
  normEpsilon: Math.fround(1e-5),
  tiedHead: true,
};
const layout = layoutOf(config);
const parameters = initialParameters(config, layout, 3);

function joined(parts: Iterable<Uint8Array>): Uint8Array<ArrayBuffer> {
  const all = [...parts];
  const bytes = new Uint8Array(all.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of all) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

const encode = (type: 'F32' | 'F16' | 'Q8_0', tokenizer = byteTokenizer, sizes = config) => {
  const notes = { name: 'weave', type, metadata: { 'tapestry.kind': 'derivative' } };
  const own = layoutOf(sizes);
  const values = sizes === config ? parameters : initialParameters(sizes, own, 3);
  return joined(encodeGgufModel(sizes, own, values, tokenizer, notes));
};

async function decoded(file: Uint8Array<ArrayBuffer>) {
  const { sizes, tensors, vocabulary } = await openGgufModel(sourceOf(file));
  const own = layoutOf(sizes);
  return { sizes, vocabulary, parameters: await readWeights(tensors, own, sizes.tiedHead) };
}

test("rows are re-ordered as in llama.cpp's converter", () => {
  const { heads, head_size: size } = oracle.gguf_rows;
  expect(rowsInTransformers(heads * size, size)).toEqual(oracle.gguf_rows.rows);
});

test('q8_0 is rounded as ggml rounds it', () => {
  const values = oracleTensor(64, 811, 3);
  const bytes = encodeNumbers('Q8_0', values);
  expect(Buffer.from(bytes).toString('hex')).toBe(oracle.q8_0.bytes);
  const back = new Float32Array(64);
  decodeNumbers('Q8_0', bytes, back);
  const step = Math.max(...values.map(Math.abs)) / 127;
  expect(Math.max(...back.map((value, i) => Math.abs(value - (values[i] ?? 0))))).toBeLessThan(0.51 * step);
});

test('q4_0 is read: the low halves are the first values of a block', () => {
  const bytes = new Uint8Array(18);
  new DataView(bytes.buffer).setFloat16(0, 0.5, true);
  for (let i = 0; i < 16; i++) bytes[2 + i] = i | ((15 - i) << 4);
  const values = new Float32Array(32);
  decodeNumbers('Q4_0', bytes, values);
  expect([...values.subarray(0, 3), ...values.subarray(16, 19)]).toEqual([-4, -3.5, -3, 3.5, 3, 2.5]);
});

test.each(['F32', 'F16', 'Q8_0'] as const)('another parser reads our %s', async (type) => {
  const path = join(temporaryFolder(), 'model.gguf');
  await writeFile(path, encode(type));
  const { metadata, tensorInfos, tensorDataOffset } = await gguf(path, { allowLocalFile: true });
  expect(metadata).toMatchObject({
    version: 3,
    'general.architecture': 'llama',
    'general.name': 'weave',
    'llama.block_count': 2,
    'llama.attention.head_count_kv': 2,
    'llama.rope.freq_base': 10_000,
    'tokenizer.ggml.model': 'gpt2',
    'tokenizer.ggml.merges': [],
    'tokenizer.ggml.eos_token_id': 257,
    'tokenizer.chat_template': byteTokenizer.chatTemplate,
    'tapestry.kind': 'derivative',
  });
  expect(Number(tensorDataOffset) % 32).toBe(0);
  expect(tensorInfos).toHaveLength(layout.tensors.length);
  const infoOf = (name: string) => tensorInfos.find((info) => info.name === name);
  expect(infoOf('token_embd.weight')).toMatchObject({
    shape: [64n, 260n],
    dtype: GGMLQuantizationType[type],
  });
  expect(infoOf('blk.1.ffn_norm.weight')).toMatchObject({ dtype: GGMLQuantizationType.F32 });
  expect(infoOf('blk.0.ffn_down.weight')).toMatchObject({
    shape: [40n, 64n],
    dtype: GGMLQuantizationType[type === 'Q8_0' ? 'F16' : type],
  });
});

test('a model comes back: f32 the same bits, f16 and q8_0 within their rounding', async () => {
  const exact = await decoded(encode('F32'));
  expect(exact.sizes).toEqual(config);
  expect(exact.parameters).toEqual(parameters);
  const { file, names, chatTemplate } = exact.vocabulary;
  const tokenizer = tokenizerFromFile(file, { names, chatTemplate, vocabularySize: 260 });
  expect([...tokenizer.encode('é\0')]).toEqual([0xc3, 0xa9, 0]);
  expect(tokenizer).toMatchObject({
    beginning: 256,
    end: 257,
    padding: 258,
    chatTemplate: byteTokenizer.chatTemplate,
  });
  for (const [type, most] of [
    ['F16', 0.02 * 4 * 2 ** -11],
    ['Q8_0', (0.02 * 5) / 254],
  ] as const) {
    const { parameters: rounded } = await decoded(encode(type));
    const worst = rounded.reduce((max, value, i) => Math.max(max, Math.abs(value - (parameters[i] ?? 0))), 0);
    expect(worst).toBeGreaterThan(0);
    expect(worst).toBeLessThan(most);
  }
});

test('a vocabulary of merges comes back with its special tokens, its untied head, wide heads and RoPE’s scaling', async () => {
  const tokenizer = tokenizerFromFile(bpeFile(), { vocabularySize: 512, chatTemplate: 'x{{ bos_token }}' });
  const ropeScaling = { factor: 32, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalContext: 8192 };
  const rope = { ropeTheta: 500_000, ropeScaling };
  const sizes = { ...config, vocabularySize: 512, tiedHead: false, headSize: 32, ...rope };
  const back = await decoded(encode('F32', tokenizer, sizes));
  expect(back.sizes).toEqual(sizes);
  const { file, names, chatTemplate } = back.vocabulary;
  const read = tokenizerFromFile(file, { names, chatTemplate, vocabularySize: 512 });
  expect(read).toMatchObject({ beginning: 256, end: 257, padding: 258, chatTemplate: 'x{{ bos_token }}' });
  for (const text of ['the other in the end', ' 12 é <|end|>\n'])
    expect([...read.encode(text)]).toEqual([...tokenizer.encode(text)]);
});

const change = (pairs: Record<string, GgufPair>, skip: readonly string[] = []) => {
  const whole = (value: number): GgufPair => ({ type: 'uint32', value });
  const usual: Record<string, GgufPair> = {
    'general.architecture': { type: 'string', value: 'llama' },
    'llama.embedding_length': whole(64),
    'llama.attention.head_count': whole(4),
    'llama.block_count': whole(1),
    'llama.feed_forward_length': whole(8),
    'llama.context_length': whole(8),
    'llama.attention.layer_norm_rms_epsilon': { type: 'float32', value: 1e-5 },
    'tokenizer.ggml.model': { type: 'string', value: 'gpt2' },
    'tokenizer.ggml.tokens': { type: 'strings', value: ['a'] },
    'tokenizer.ggml.token_type': { type: 'int32s', value: [1] },
    'tokenizer.ggml.merges': { type: 'strings', value: [] },
    'tokenizer.ggml.bos_token_id': whole(0xffff_ffff),
    ...pairs,
  };
  for (const key of skip) delete usual[key];
  return joined(encodeGguf(usual, []));
};

test('an absent token is none, and a model that would be computed differently is refused by its key', async () => {
  const { vocabulary } = await openGgufModel(sourceOf(change({})));
  expect(vocabulary.names).toEqual({});
  const cases: [string, Record<string, GgufPair>, string[]?][] = [
    ['architecture', { 'general.architecture': { type: 'string', value: 'qwen2' } }],
    ['llama.attention.value_length', { 'llama.attention.key_length': { type: 'uint32', value: 32 } }],
    ['llama.rope.dimension_count', { 'llama.rope.dimension_count': { type: 'uint32', value: 8 } }],
    ['llama.rope.scaling.type', { 'llama.rope.scaling.type': { type: 'string', value: 'yarn' } }],
    ['llama.expert_count', { 'llama.expert_count': { type: 'uint32', value: 8 } }],
    ['tokenizer', { 'tokenizer.ggml.model': { type: 'string', value: 'bert' } }],
    ['split', { 'tokenizer.ggml.pre': { type: 'string', value: 'chameleon' } }],
    ['llama.block_count is missing', {}, ['llama.block_count']],
    ['llama.block_count is no number', { 'llama.block_count': { type: 'string', value: '2' } }],
  ];
  for (const [part, pairs, skip] of cases)
    await expect(openGgufModel(sourceOf(change(pairs, skip))), part).rejects.toMatchObject({
      code: expect.stringMatching(/^gguf\./),
      message: expect.stringContaining(part),
    });
});

test('a damaged file is refused, never read wrongly and never another error', async () => {
  const whole = encode('Q8_0');
  const codeOf = async (file: Uint8Array<ArrayBuffer>) => {
    try {
      await decoded(file);
      return 'read';
    } catch (error) {
      if (error instanceof TapestryError) return error.code;
      throw error;
    }
  };
  expect(await codeOf(whole.slice(0, -1))).toBe('gguf.bad-file');
  expect(await codeOf(new Uint8Array(0))).toBe('gguf.bad-file');
  const damage = fc.record({ at: fc.nat(4000), value: fc.nat(255), length: fc.nat(8) });
  await fc.assert(
    fc.asyncProperty(damage, async ({ at, value, length }) => {
      const file = whole.slice();
      file.fill(value, at, at + length);
      await codeOf(file);
    }),
    { numRuns: 60 },
  );
  await fc.assert(
    fc.asyncProperty(fc.nat(whole.length - 1), async (length) => {
      expect(await codeOf(whole.slice(0, length))).toBe('gguf.bad-file');
    }),
    { numRuns: 30 },
  );
});
