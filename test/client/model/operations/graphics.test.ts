import { expect, test } from 'vitest';
import type { Adapter } from '../../../../client/gpu/device.ts';
import { type Candidate, siteOf } from '../../../../client/gpu/operation.ts';
import type { RecordedSite } from '../../../../client/gpu/program.ts';
import { type PresetName, presets } from '../../../../client/model/config.ts';
import { linearForward } from '../../../../client/model/operations/linear.ts';
import { stepSites } from '../../../../client/train/step-sites.ts';
import type { Precision } from '../../../../shaders/shader.ts';
import '../../../support/gpu-node.ts';

const card = {
  software: false,
  f16: true,
  workgroupInvocations: 1024,
  bufferBytes: 2 ** 32,
  bindingBytes: 2 ** 32 - 4,
} as const;

/** Graphics processors, as Dawn describes them. */
const adapters = {
  /** An NVIDIA H100, by Vulkan. */
  datacenter: {
    ...card,
    subgroupSize: 32,
    subgroupChoices: [],
    matrixUnits: [
      { rows: 16, columns: 16, depth: 16, operands: 'f16', result: 'f16' },
      { rows: 16, columns: 16, depth: 16, operands: 'f16', result: 'f32' },
    ],
    workgroupBytes: 49_152,
  },
  /** A Mac from the M1 on. */
  mac: {
    ...card,
    subgroupSize: 32,
    subgroupChoices: [],
    matrixUnits: [
      { rows: 8, columns: 8, depth: 8, operands: 'f32', result: 'f32' },
      { rows: 8, columns: 8, depth: 8, operands: 'f16', result: 'f16' },
    ],
    workgroupBytes: 32_768,
  },
  /** Intel's Xe2, in processors and on cards. */
  xe2: {
    ...card,
    subgroupSize: 0,
    subgroupChoices: [16, 32],
    matrixUnits: [
      { rows: 8, columns: 16, depth: 16, operands: 'f16', result: 'f32' },
      { rows: 8, columns: 16, depth: 16, operands: 'f16', result: 'f16' },
    ],
    workgroupBytes: 49_152,
  },
  /** Within a laptop's processor, without matrix units. */
  integrated: {
    ...card,
    subgroupSize: 0,
    subgroupChoices: [8, 16, 32],
    matrixUnits: [],
    workgroupBytes: 32_768,
    bindingBytes: 2 ** 30,
  },
  /** WebGPU's own least limits. */
  phone: {
    ...card,
    subgroupSize: 0,
    subgroupChoices: [],
    f16: false,
    matrixUnits: [],
    workgroupBytes: 16_384,
    workgroupInvocations: 256,
    bufferBytes: 2 ** 28,
    bindingBytes: 2 ** 27,
  },
} as const satisfies Record<string, Adapter>;

const settings = { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.1, gradientClip: 1 };
const linear = ['linear-forward', 'linear-backward-input', 'linear-backward-weight'] as const;
const attention = ['attention-forward', 'attention-backward-query', 'attention-backward-key-value'] as const;

/** The guess for each operation on its largest shape, before anything is measured. */
function guesses(
  adapter: Adapter,
  storage: Precision,
  preset: PresetName,
  operations: readonly string[],
): Candidate[] {
  const config = presets[preset];
  const shape = { batch: 8, sequence: config.contextLength };
  const sites = stepSites(adapter, config, shape, settings, { storage });
  const size = ({ words: [a = 0, b = 0, c = 0] }: RecordedSite) => a * b * c;
  return operations.flatMap((operation) => {
    const own = sites.filter((site) => site.operation === operation);
    return own
      .sort((a, b) => size(b) - size(a))
      .slice(0, 1)
      .map(({ guess }) => guess);
  });
}

/** Matrix units or plain tiles; then the tiles of a linear layer's products and of attention's parts. */
test.each([
  ['datacenter', 'f32', 'nano', 'tiled', '64x64x16 32x32x16 32x32x16', '32x32 32x32 32x32'],
  ['datacenter', 'f32', 'small', 'tiled', '128x128x16 128x128x16 64x64x16', '32x32 32x32 32x32'],
  ['datacenter', 'f32', 'base', 'tiled', '128x128x16 128x128x16 128x128x16', '32x32 32x32 32x32'],
  ['datacenter', 'f16', 'nano', '16x16x16 f16', '64x64x32 64x64x32 64x64x32', '64x32 64x32 64x32'],
  ['datacenter', 'f16', 'small', '16x16x16 f16', '128x128x32 128x128x32 64x128x32', '64x32 64x32 64x32'],
  ['datacenter', 'f16', 'base', '16x16x16 f16', '128x128x32 128x128x32 128x128x32', '64x32 64x32 64x32'],
  ['mac', 'f32', 'nano', '8x8x8 f32', '64x64x16 32x32x16 32x32x16', '32x32 32x32 32x32'],
  ['mac', 'f32', 'small', '8x8x8 f32', '64x64x16 64x64x16 64x64x16', '32x32 32x32 32x32'],
  ['mac', 'f32', 'base', '8x8x8 f32', '64x64x16 64x64x16 64x64x16', '32x32 32x32 32x32'],
  ['mac', 'f16', 'nano', '8x8x8 f32', '64x64x16 32x32x16 32x32x16', '32x32 32x32 32x32'],
  ['mac', 'f16', 'small', '8x8x8 f32', '64x64x16 64x64x16 64x64x16', '32x32 32x32 32x32'],
  ['mac', 'f16', 'base', '8x8x8 f32', '64x64x16 64x64x16 64x64x16', '32x32 32x32 32x32'],
  ['xe2', 'f32', 'nano', 'tiled', '64x64x16 32x32x16 32x32x16', '32x32 32x32 32x32'],
  ['xe2', 'f32', 'small', 'tiled', '128x128x16 128x128x16 64x64x16', '32x32 32x32 32x32'],
  ['xe2', 'f32', 'base', 'tiled', '128x128x16 128x128x16 128x128x16', '32x32 32x32 32x32'],
  ['xe2', 'f16', 'nano', '8x16x16 f16', '64x64x32 64x64x32 64x64x32', '64x32 64x32 64x32'],
  ['xe2', 'f16', 'small', '8x16x16 f16', '128x64x32 128x64x32 128x64x32', '64x32 64x32 64x32'],
  ['xe2', 'f16', 'base', '8x16x16 f16', '128x64x32 128x64x32 128x64x32', '64x32 64x32 64x32'],
  ['integrated', 'f32', 'nano', 'tiled', '64x64x16 32x32x16 32x32x16', '32x32 32x32 32x32'],
  ['integrated', 'f32', 'small', 'tiled', '128x128x16 128x128x16 64x64x16', '32x32 32x16 32x16'],
  ['integrated', 'f32', 'base', 'tiled', '128x128x16 128x128x16 128x128x16', '32x32 32x16 32x16'],
  ['integrated', 'f16', 'nano', 'tiled', '64x64x16 32x32x16 32x32x16', '32x32 32x32 32x32'],
  ['integrated', 'f16', 'small', 'tiled', '128x128x16 128x128x16 64x64x16', '32x32 32x32 32x32'],
  ['integrated', 'f16', 'base', 'tiled', '128x128x16 128x128x16 128x128x16', '32x32 32x32 32x32'],
  ['phone', 'f32', 'nano', 'tiled', '64x64x16 32x32x16 32x32x16', '32x16 32x16 rows'],
  ['phone', 'f32', 'small', 'tiled', '128x128x16 128x128x16 64x64x16', 'rows rows rows'],
  ['phone', 'f32', 'base', 'tiled', '128x128x16 128x128x16 128x128x16', 'rows rows rows'],
] as const)('%s, %s, %s: guesses %s', (name, storage, preset, units, products, parts) => {
  for (const [operations, tiles] of [
    [linear, products],
    [attention, parts],
  ] as const) {
    const variants = guesses(adapters[name], storage, preset, operations).map(({ variant }) => variant);
    expect(variants.map((variant) => /\d+x\d+(?:x\d+)?(?=$|, \d)|rows/.exec(variant)?.[0]).join(' ')).toBe(
      tiles,
    );
    const form = units === 'tiled' ? units : `matrix units ${units}, `;
    for (const variant of variants) if (variant !== 'rows') expect(variant).toContain(form);
  }
});

const base = presets.base;
const projection = {
  rows: 8192,
  inputs: base.dimension,
  outputs: base.dimension,
  epilogue: { kind: 'plain' },
  addend: true,
} as const;
const variantsOn = (adapter: Adapter, storage: Precision) =>
  siteOf(linearForward, projection, adapter, storage).candidates.map(({ variant }) => variant);
const withUnits = (variants: readonly string[]) => variants.filter((name) => name.startsWith('matrix units'));

test('matrix units that add in half precision are not used', () => {
  const { datacenter } = adapters;
  const imprecise = {
    ...datacenter,
    matrixUnits: datacenter.matrixUnits.filter(({ result }) => result === 'f16'),
  };
  expect(withUnits(variantsOn(datacenter, 'f16'))).not.toEqual([]);
  expect(withUnits(variantsOn(imprecise, 'f16'))).toEqual([]);
});

test('matrix units whose subgroup size is not fixed are not used', () => {
  const { xe2 } = adapters;
  expect(withUnits(variantsOn(xe2, 'f16'))).not.toEqual([]);
  expect(withUnits(variantsOn({ ...xe2, subgroupChoices: [] }, 'f16'))).toEqual([]);
  expect(withUnits(variantsOn({ ...xe2, subgroupChoices: [32] }, 'f16'))).toEqual([]);
});

test('a small product gets small tiles, so that there are enough workgroups', () => {
  const tile = (rows: number) =>
    siteOf(linearForward, { ...projection, rows }, adapters.datacenter, 'f16').guess.variant;
  expect(tile(8192)).toContain('128x128');
  expect(tile(64)).toContain('64x64');
});
