import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { byteTokenizer } from '../../../client/data/tokenizer.ts';
import { TapestryError } from '../../../client/errors.ts';
import type { ModelCardFacts } from '../../../client/formats/model-card.ts';
import { encodeBaseFolder, readModelFolder } from '../../../client/formats/model-folder.ts';
import { decodeSafetensors, encodeSafetensors } from '../../../client/formats/safetensors.ts';
import { sourceOf } from '../../../client/formats/tensors/byte-source.ts';
import { openSafetensors } from '../../../client/formats/tensors/safetensors-source.ts';
import type { ModelConfig } from '../../../client/model/config.ts';
import { initialParameters, layoutOf } from '../../../client/model/parameters.ts';

const config: ModelConfig = {
  vocabularySize: 260,
  layers: 2,
  dimension: 12,
  heads: 3,
  keyValueHeads: 1,
  feedForward: 7,
  contextLength: 16,
  ropeTheta: 10_000,
  normEpsilon: 1e-5,
  tiedHead: true,
};
const layout = layoutOf(config);
const parameters = initialParameters(config, layout, 1);
const special = byteTokenizer;
const facts: ModelCardFacts = {
  name: 'Spring weave',
  run: 'ab'.repeat(32),
  round: 20,
  contributions: 60,
  tokens: 1_234_567,
  localSteps: 30,
  license: 'Apache-2.0',
  corpora: [
    { name: 'Romance', lossAtStart: 5.5, loss: 2.25 },
    { name: 'Bantu', lossAtStart: 5.5, loss: 2.35 },
  ],
};
const folder = encodeBaseFolder(config, layout, parameters, special, facts);
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

async function parseModelFolder(
  configJson: Uint8Array,
  safetensors: Uint8Array<ArrayBuffer>,
  placed: typeof layoutOf,
) {
  return readModelFolder(configJson, await openSafetensors(sourceOf(safetensors)), placed);
}

/** The base file with its tensors or its metadata changed. */
function rewritten(
  change: (tensors: { name: string; shape: number[]; values: Float32Array }[]) => typeof tensors,
  notes: Record<string, string> = {},
) {
  const file = decodeSafetensors(folder['model.safetensors'].slice());
  const tensors = [...file.tensors].map(([name, tensor]) => ({ name, ...tensor }));
  return encodeSafetensors(change(tensors), { ...file.metadata, ...notes });
}

/** config.json with some fields changed. */
function configWith(fields: Record<string, unknown>): Uint8Array {
  return new TextEncoder().encode(JSON.stringify({ ...JSON.parse(text(folder['config.json'])), ...fields }));
}

test('a saved base is read back with the same configuration and the same bits', async () => {
  for (const changed of [{ tiedHead: true }, { tiedHead: false }, { headSize: 6 }]) {
    const model = { ...config, ...changed };
    const values = initialParameters(model, layoutOf(model), 2);
    const files = encodeBaseFolder(model, layoutOf(model), values, special, facts);
    const parsed = await parseModelFolder(files['config.json'], files['model.safetensors'], layoutOf);
    expect(parsed.config).toEqual(model);
    expect(parsed.parameters).toEqual(values);
    expect(parsed.kind).toBe('base');
    expect(parsed.metadata).toEqual({
      format: 'pt',
      'tapestry.kind': 'base',
      'tapestry.run': facts.run,
      'tapestry.round': '20',
      'tapestry.base': createHash('sha256').update(values).digest('hex'),
    });
  }
});

test("config.json is transformers' LlamaConfig", () => {
  expect(JSON.parse(text(folder['config.json']))).toEqual({
    architectures: ['LlamaForCausalLM'],
    model_type: 'llama',
    vocab_size: 260,
    hidden_size: 12,
    intermediate_size: 7,
    num_hidden_layers: 2,
    num_attention_heads: 3,
    num_key_value_heads: 1,
    head_dim: 4,
    max_position_embeddings: 16,
    rms_norm_eps: 1e-5,
    rope_theta: 10_000,
    rope_parameters: { rope_type: 'default', rope_theta: 10_000 },
    hidden_act: 'silu',
    attention_bias: false,
    mlp_bias: false,
    tie_word_embeddings: true,
    bos_token_id: 256,
    eos_token_id: 257,
    pad_token_id: 258,
    torch_dtype: 'float32',
    dtype: 'float32',
  });
});

test('the files that other tools look for are there, with the end of a text where each looks for it', () => {
  expect(JSON.parse(text(folder['generation_config.json'] ?? new Uint8Array()))).toEqual({
    bos_token_id: 256,
    eos_token_id: 257,
    pad_token_id: 258,
  });
  expect(text(folder.Modelfile ?? new Uint8Array())).toBe(
    'FROM .\nPARAMETER num_ctx 16\nPARAMETER stop "<|end|>"\nTEMPLATE "{{ .Prompt }}"\n',
  );
  expect(text(folder['README.md'])).not.toContain('base_model');
  const began = encodeBaseFolder(config, layout, parameters, special, { ...facts, baseModel: 'org/"open"' });
  expect(text(began['README.md'])).toContain('\nbase_model: "org/\\"open\\""\n');
});

test('the card says how the base was made, and escapes text from outside', () => {
  const card = text(folder['README.md']);
  expect(card).toMatch(
    /^---\nlicense: "Apache-2.0"\nlibrary_name: transformers\npipeline_tag: text-generation\n/,
  );
  for (const said of [
    facts.run,
    '1,234,567',
    'Rounds | 20',
    '| Bantu | 5.500 | 2.350 |',
    '| **Mean** | 5.500 | 2.300 |',
  ]) {
    expect(card).toContain(said);
  }
  const hostile = {
    ...facts,
    name: 'a\n# b | <script>',
    corpora: [{ name: 'x|\ny', lossAtStart: null, loss: 1 }],
  };
  const escaped = text(encodeBaseFolder(config, layout, parameters, special, hostile)['README.md']);
  expect(escaped).toContain('# a \\# b \\| \\<script\\>\n');
  expect(escaped).toContain('| x\\| y | not measured | 1.000 |\n');
  expect(escaped).toContain('| **Mean** | not measured | 1.000 |\n');
});

test('a derivative is read as one, and so is a model that does not say its kind', async () => {
  const tuned = rewritten(
    (tensors) => tensors.map((tensor) => ({ ...tensor, values: tensor.values.map((value) => value + 1) })),
    { 'tapestry.kind': 'derivative' },
  );
  expect((await parseModelFolder(folder['config.json'], tuned, layoutOf)).kind).toBe('derivative');
  const file = decodeSafetensors(folder['model.safetensors']);
  const bare = encodeSafetensors(
    [...file.tensors].map(([name, tensor]) => ({ name, ...tensor })),
    {},
  );
  expect((await parseModelFolder(folder['config.json'], bare, layoutOf)).kind).toBe('derivative');
});

test('a broken model is refused with the reason', async () => {
  const code = async (weights: Uint8Array<ArrayBuffer>, configJson: Uint8Array = folder['config.json']) => {
    try {
      await parseModelFolder(configJson, weights, layoutOf);
      return null;
    } catch (error) {
      return error instanceof TapestryError ? error.code : error;
    }
  };
  const flipped = folder['model.safetensors'].slice();
  flipped[flipped.length - 4] = 1 ^ (flipped[flipped.length - 4] ?? 0);
  expect(await code(flipped)).toBe('model.wrong-hash');
  expect(await code(rewritten((tensors) => tensors, { 'tapestry.kind': 'hybrid' }))).toBe('model.bad-kind');
  expect(await code(rewritten((tensors) => tensors.slice(1)))).toBe('model.bad-tensors');
  const extra = { name: 'lm_head.weight', shape: [1], values: Float32Array.of(1) };
  expect(await code(rewritten((tensors) => [...tensors, extra]))).toBe('model.bad-tensors');
  const reshape = rewritten((tensors) => tensors.map((t) => ({ ...t, shape: [...t.shape].reverse() })));
  expect(await code(reshape)).toBe('model.bad-tensors');
  const infinite = rewritten((tensors) => tensors.map((t) => ({ ...t, values: t.values.map(() => 1 / 0) })));
  expect(await code(infinite)).toBe('model.not-finite');
  expect(await code(new Uint8Array(3))).toBe('safetensors.truncated');
  expect(await code(folder['model.safetensors'], configWith({ num_hidden_layers: 1 }))).toBe(
    'model.bad-tensors',
  );
  expect(await code(folder['model.safetensors'], configWith({ num_hidden_layers: 3 }))).toBe(
    'model.bad-tensors',
  );
});

test('weights that are not finite are not written', () => {
  expect(() => encodeBaseFolder(config, layout, parameters.with(5, Number.NaN), special, facts)).toThrow(
    expect.objectContaining({
      code: 'model.not-finite',
      message: 'The tensor model.embed_tokens.weight holds NaN at 5.',
    }),
  );
});

test('a configuration that this engine would compute differently is refused by its field', async () => {
  const cases: [string, Record<string, unknown>][] = [
    ['model_type', { model_type: 'mistral' }],
    ['hidden_act', { hidden_act: 'gelu' }],
    ['attention_bias', { attention_bias: true }],
    ['rope_scaling', { rope_scaling: { type: 'linear', factor: 2 } }],
    ['head_dim', { head_dim: 5 }],
    ['num_attention_heads', { num_attention_heads: 5, head_dim: undefined }],
    ['num_key_value_heads', { num_key_value_heads: 2 }],
    ['num_hidden_layers', { num_hidden_layers: 1e9 }],
    ['hidden_size', { hidden_size: '12' }],
    ['rope_theta', { rope_theta: 0 }],
    ['rope_theta', { rope_theta: undefined, rope_parameters: undefined }],
    ['rope_theta', { rope_theta: 10_000, rope_parameters: { rope_type: 'default', rope_theta: 500_000 } }],
    ['rope_parameters', { rope_parameters: { rope_type: 'yarn', rope_theta: 10_000, factor: 4 } }],
    ['tie_word_embeddings', { tie_word_embeddings: undefined }],
    ['65536', { padding: 'x'.repeat(70_000) }],
  ];
  for (const [field, fields] of cases) {
    await expect(parseModelFolder(configWith(fields), folder['model.safetensors'], layoutOf)).rejects.toThrow(
      expect.objectContaining({ code: 'model.bad-config', message: expect.stringContaining(field) }),
    );
  }
});

test('any config.json is read or refused, never another error', async () => {
  const anything = fc.oneof(
    fc.uint8Array(),
    fc.json().map((json) => new TextEncoder().encode(json)),
  );
  await fc.assert(
    fc.asyncProperty(anything, async (bytes) => {
      await expect(parseModelFolder(bytes, folder['model.safetensors'], layoutOf)).rejects.toThrow(
        expect.objectContaining({ code: 'model.bad-config' }),
      );
    }),
  );
  const fields = fc.record(
    {
      hidden_size: fc.nat(100),
      num_attention_heads: fc.nat(8),
      num_key_value_heads: fc.nat(4),
      vocab_size: fc.nat(),
      num_hidden_layers: fc.nat(2000),
    },
    { requiredKeys: [] },
  );
  await fc.assert(
    fc.asyncProperty(fields, async (changed) => {
      try {
        await parseModelFolder(configWith(changed), folder['model.safetensors'], layoutOf);
      } catch (error) {
        if (!(error instanceof TapestryError)) throw error;
      }
    }),
  );
});
