import { expect, test } from 'vitest';
import { openGgufAdapter } from '../../../../client/formats/gguf/read-adapter.ts';
import { encodeGguf, type GgufPair, type GgufTensor } from '../../../../client/formats/gguf/writer.ts';
import { sourceOf } from '../../../../client/formats/tensors/byte-source.ts';
import { readTensor, sizeOf } from '../../../../client/formats/tensors/stored-tensor.ts';

const pairs: Record<string, GgufPair> = {
  'general.architecture': { type: 'string', value: 'llama' },
  'general.type': { type: 'string', value: 'adapter' },
  'adapter.type': { type: 'string', value: 'lora' },
  'adapter.lora.alpha': { type: 'float32', value: 6 },
  'tapestry.kind': { type: 'string', value: 'derivative' },
};
const counting = (name: string, ...shape: number[]): GgufTensor => ({
  name,
  shape,
  type: 'F32',
  values: () => Float32Array.from({ length: sizeOf({ shape }) }, (_, i) => i),
});
const tensors = [
  counting('blk.0.attn_q.weight.lora_a', 2, 8),
  counting('blk.0.attn_q.weight.lora_b', 8, 2),
  counting('blk.1.ffn_down.weight.lora_a', 3, 16),
  counting('blk.1.ffn_down.weight.lora_b', 8, 3),
];

const open = (changed: Record<string, GgufPair> = {}, own = tensors) =>
  openGgufAdapter(sourceOf(new Uint8Array(Buffer.concat([...encodeGguf({ ...pairs, ...changed }, own)]))), 4);

test('an adapter’s modules have their ranks, and queries their rows, in transformers’ order', async () => {
  const adapter = await open();
  expect(adapter).toMatchObject({
    rank: 2,
    alpha: 6,
    targets: ['model.layers.0.self_attn.q_proj', 'model.layers.1.mlp.down_proj'],
    rankPattern: { 'model.layers.0.self_attn.q_proj': 2, 'model.layers.1.mlp.down_proj': 3 },
    alphaPattern: {},
    rsLora: false,
    metadata: { 'tapestry.kind': 'derivative' },
  });
  const values = await Promise.all(
    adapter.tensors.map(async (tensor) => {
      const read = new Float32Array(sizeOf(tensor));
      await readTensor(tensor, read);
      return [tensor.name, [...read]] as const;
    }),
  );
  // GGUF has rows 0 2 1 3 of each head of four.
  expect(new Map(values).get('model.layers.0.self_attn.q_proj.lora_B.weight')).toEqual([
    ...[0, 1, 4, 5, 2, 3, 6, 7],
    ...[8, 9, 12, 13, 10, 11, 14, 15],
  ]);
  expect(new Map(values).get('model.layers.1.mlp.down_proj.lora_B.weight')).toEqual([...Array(24).keys()]);
});

test('an alpha of 0 scales nothing, as in llama.cpp', async () => {
  const { rank, alpha, alphaPattern } = await open({ 'adapter.lora.alpha': { type: 'float32', value: 0 } });
  expect({ rank, alpha }).toEqual({ rank: 2, alpha: 2 });
  expect(alphaPattern).toMatchObject({ 'model.layers.1.mlp.down_proj': 3 });
});

test.each<[string, string, Record<string, GgufPair>, readonly GgufTensor[]]>([
  ['a model', 'gguf.unsupported', { 'general.type': { type: 'string', value: 'model' } }, tensors],
  ['another kind', 'gguf.unsupported', { 'adapter.type': { type: 'string', value: 'ia3' } }, tensors],
  ['an embedding', 'gguf.unsupported', {}, [counting('token_embd.weight.lora_a', 2, 8)]],
  ['a norm', 'gguf.unsupported', {}, [counting('blk.0.attn_norm.weight.lora_a', 2, 8)]],
  ['one matrix of two', 'gguf.bad-file', {}, tensors.slice(0, 3)],
  [
    'two ranks',
    'gguf.bad-file',
    {},
    [counting('blk.0.attn_q.weight.lora_a', 2, 8), counting('blk.0.attn_q.weight.lora_b', 8, 3)],
  ],
  [
    'broken heads',
    'gguf.bad-file',
    {},
    [counting('blk.0.attn_q.weight.lora_a', 2, 8), counting('blk.0.attn_q.weight.lora_b', 6, 2)],
  ],
  ['nothing', 'gguf.bad-file', {}, []],
])('refused: %s', async (_, code, changed, own) => {
  await expect(open(changed, [...own])).rejects.toMatchObject({ code });
});
