import { expect, test } from 'vitest';
import { encodePeftAdapter, openPeftAdapter, readPeftValues } from '../../../client/formats/peft/adapter.ts';
import {
  encodePeftSettings,
  type PeftSettings,
  parsePeftSettings,
} from '../../../client/formats/peft/settings.ts';
import { decodeSafetensors, encodeSafetensors } from '../../../client/formats/safetensors.ts';
import { sourceOf } from '../../../client/formats/tensors/byte-source.ts';
import { openSafetensors } from '../../../client/formats/tensors/safetensors-source.ts';
import { adaptedMatrices, adapterLayout } from '../../../client/model/adapter/settings.ts';
import type { ModelConfig } from '../../../client/model/config.ts';
import { layoutOf } from '../../../client/model/parameters.ts';
import { Random } from '../../../client/random.ts';

const config: ModelConfig = {
  vocabularySize: 20,
  layers: 2,
  dimension: 16,
  heads: 2,
  keyValueHeads: 1,
  feedForward: 24,
  contextLength: 12,
  ropeTheta: 10_000,
  normEpsilon: 1e-5,
  tiedHead: true,
};
const settings: PeftSettings = {
  rank: 2,
  alpha: 8,
  targets: ['q_proj', 'v_proj', 'down_proj'],
  rsLora: true,
  dora: true,
  rankPattern: { 'layers.1.self_attn.v_proj': 3 },
  alphaPattern: { down_proj: 5 },
};
const layout = adapterLayout(layoutOf(config), settings);
const random = Random.seeded(4, 0);
const values = new Float32Array(layout.length);
for (const { offset, size } of layout.tensors)
  for (let i = 0; i < size; i++) values[offset + i] = random.normal();
const notes = { baseModel: 'org/open', metadata: { 'tapestry.kind': 'derivative' } };
const folder = encodePeftAdapter(settings, layout, values, notes);
const json = (bytes: Uint8Array) => JSON.parse(new TextDecoder().decode(bytes));
const bytesOf = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));

test("the files have PEFT's names and shapes", () => {
  expect(json(folder['adapter_config.json'])).toMatchObject({
    peft_type: 'LORA',
    base_model_name_or_path: 'org/open',
    r: 2,
    lora_alpha: 8,
    target_modules: ['q_proj', 'v_proj', 'down_proj'],
    use_rslora: true,
    use_dora: true,
    rank_pattern: { 'layers.1.self_attn.v_proj': 3 },
    alpha_pattern: { down_proj: 5 },
  });
  const { tensors } = decodeSafetensors(folder['adapter_model.safetensors'].slice());
  const layer = 'base_model.model.model.layers.1.self_attn.v_proj';
  expect(tensors.get(`${layer}.lora_A.weight`)?.shape).toEqual([3, 16]);
  expect(tensors.get(`${layer}.lora_B.weight`)?.shape).toEqual([8, 3]);
  expect(tensors.get(`${layer}.lora_magnitude_vector`)?.shape).toEqual([8]);
  expect(tensors.size).toBe(2 * 3 * 3);
});

test('an adapter comes back with the same settings, scales and bits, also from the names of older versions', async () => {
  const file = decodeSafetensors(folder['adapter_model.safetensors'].slice());
  const older = [...file.tensors].map(([name, tensor]) => ({
    name: name.replace(/vector$/, 'vector.weight'),
    ...tensor,
    ...(name.endsWith('vector') ? { shape: [tensor.values.length, 1] } : {}),
  }));
  for (const weights of [folder['adapter_model.safetensors'], encodeSafetensors(older, {})]) {
    const stored = await openSafetensors(sourceOf(weights));
    const read = openPeftAdapter(folder['adapter_config.json'], stored);
    expect(read).toMatchObject({ ...settings, baseModel: 'org/open' });
    expect(await readPeftValues(read, layout)).toEqual(values);
    const matrices = adaptedMatrices(layoutOf(config), read);
    const scaleOf = (end: string) => matrices.find(({ name }) => name.endsWith(`${end}.weight`))?.scale;
    expect(scaleOf('layers.0.self_attn.v_proj')).toBeCloseTo(8 / Math.sqrt(2), 12);
    expect(scaleOf('layers.1.self_attn.v_proj')).toBeCloseTo(8 / Math.sqrt(3), 12);
    expect(scaleOf('layers.1.mlp.down_proj')).toBeCloseTo(5 / Math.sqrt(2), 12);
  }
  expect(parsePeftSettings(encodePeftSettings({ ...settings, targets: null }, 'x')).targets).toBeNull();
});

test('what would be computed differently is refused by its field, and tensors that do not fit by their name', async () => {
  const usual = json(folder['adapter_config.json']);
  for (const [field, fields] of [
    ['peft_type', { peft_type: 'IA3' }],
    ['bias', { bias: 'all' }],
    ['modules_to_save', { modules_to_save: ['embed_tokens'] }],
    ['layers_to_transform', { layers_to_transform: [0] }],
    ['fan_in_fan_out', { fan_in_fan_out: true }],
    ['target_modules', { target_modules: '.*q_proj' }],
    ['rank_pattern', { rank_pattern: { '^model.*': 4 } }],
    ['r', { r: 0 }],
  ] as const)
    expect(() => parsePeftSettings(bytesOf({ ...usual, ...fields })), field).toThrow(
      expect.objectContaining({ code: 'peft.bad-config', message: expect.stringContaining(field) }),
    );
  const file = decodeSafetensors(folder['adapter_model.safetensors'].slice());
  const all = [...file.tensors].map(([name, tensor]) => ({ name, ...tensor }));
  const [first] = all;
  if (first === undefined) throw new Error('there is no tensor');
  const codeOf = async (tensors: typeof all) => {
    const stored = await openSafetensors(sourceOf(encodeSafetensors(tensors, {})));
    return readPeftValues(openPeftAdapter(folder['adapter_config.json'], stored), layout).catch(
      (error) => error.code,
    );
  };
  expect(await codeOf(all.slice(1))).toBe('peft.bad-tensors');
  expect(await codeOf([...all, { ...first, name: `${first.name}x` }])).toBe('peft.bad-tensors');
  expect(await codeOf([{ ...first, shape: [...first.shape].reverse() }, ...all.slice(1)])).toBe(
    'peft.bad-tensors',
  );
  expect(await codeOf([{ ...first, values: first.values.map(() => Number.NaN) }, ...all.slice(1)])).toBe(
    'model.not-finite',
  );
});
