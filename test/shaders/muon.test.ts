import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Device } from '../../client/gpu/device.ts';
import { siteOf } from '../../client/gpu/operation.ts';
import { tune } from '../../client/gpu/tuning/tuner.ts';
import { presets } from '../../client/model/config.ts';
import { layoutOf } from '../../client/model/parameters.ts';
import { referenceAdamW } from '../../client/model/reference/adamw.ts';
import { orthogonalize, referenceMuon } from '../../client/model/reference/muon.ts';
import { at } from '../../client/model/reference/vector.ts';
import { Random } from '../../client/random.ts';
import { scalingAfter } from '../../client/train/optimizer/loss-scaling.ts';
import {
  isHiddenMatrix,
  type MuonStackShape,
  muonGram,
  muonMultiply,
  muonPolynomial,
} from '../../client/train/optimizer/muon.ts';
import { stepSites } from '../../client/train/step-sites.ts';
import { relativeError } from '../platform/step.ts';
import { openNodeDevice } from '../support/gpu-node.ts';
import { allVariants, expectClose, randomValues } from './operation.ts';
import { learningRate, randomVectors, updated } from './update.ts';

let device: Device;
beforeAll(async () => {
  device = await openNodeDevice();
});
afterAll(() => device.close());

/** Square, wide and tall matrices, none a multiple of a tile. */
const layout = layoutOf({
  ...presets.nano,
  layers: 2,
  dimension: 40,
  heads: 5,
  keyValueHeads: 1,
  feedForward: 104,
});
const muon = { momentum: 0.95 };
const settings = { beta1: 0.8, beta2: 0.9, epsilon: 1e-6, weightDecay: 0.3, gradientClip: 1, muon };
const hidden = layout.tensors.filter(isHiddenMatrix);

test("Muon updates the layers' matrices and nothing else", () => {
  expect(hidden).toHaveLength(2 * 7);
  expect(hidden.every(({ name }) => /(self_attn|mlp)\.[a-z_]+_proj\.weight$/.test(name))).toBe(true);
  const apart = layoutOf({ ...presets.nano, layers: 2, tiedHead: false }).tensors;
  const rest = apart.filter((tensor) => !isHiddenMatrix(tensor)).map(({ name }) => name);
  expect(rest).toEqual([
    'model.embed_tokens.weight',
    ...[0, 1].flatMap((layer) => [
      `model.layers.${layer}.input_layernorm.weight`,
      `model.layers.${layer}.post_attention_layernorm.weight`,
    ]),
    'model.norm.weight',
    'lm_head.weight',
  ]);
});

test('on a graphics card large products use large tiles, and small products small tiles', () => {
  const card = { ...device, software: false };
  const guess = (operation: typeof muonGram, shape: MuonStackShape) =>
    siteOf(operation, shape, card, 'f32').guess.variant;
  for (const operation of [muonGram, muonPolynomial, muonMultiply]) {
    expect(guess(operation, { matrices: 7, rows: 832, columns: 2208 })).toBe('tiled 128x128x16');
    expect(guess(operation, { matrices: 4, rows: 40, columns: 104 })).toBe('tiled 32x32x16');
  }
});

test.each([
  ['clipped', 1],
  ['small', 1e-6],
])(
  'Muon on the layers’ matrices and AdamW on the rest agree with the reference, with a gradient that is %s',
  async (_, scale) => {
    const vectors = { ...randomVectors(layout, scale), secondMoment: new Float32Array(layout.length) };
    for (const { offset, size } of hidden)
      vectors.firstMoment.subarray(offset, offset + size).forEach((value, i, moment) => {
        moment[i] = value * scale;
      });
    const expected = {
      step: 4,
      parameters: Float64Array.from(vectors.parameters),
      firstMoment: Float64Array.from(vectors.firstMoment),
      secondMoment: new Float64Array(layout.length),
    };
    const gradient = Float64Array.from(vectors.gradient);
    const rest = { ...layout, tensors: layout.tensors.filter((tensor) => !isHiddenMatrix(tensor)) };
    referenceAdamW(expected, gradient, settings, learningRate, rest);
    const factor = Math.min(1, settings.gradientClip / Math.hypot(...gradient));
    for (const { offset, size, shape } of hidden) {
      const own = (values: Float64Array) => values.subarray(offset, offset + size);
      const [rows = 0, columns = 0] = shape;
      const clipped = own(gradient).map((value) => value * factor);
      const matrix = { values: own(expected.parameters), rows, columns };
      const { momentum } = settings.muon;
      const { weightDecay } = settings;
      referenceMuon(matrix, own(expected.firstMoment), clipped, { momentum, weightDecay }, learningRate);
    }
    for (const adapter of allVariants(device)) {
      const after = await updated(adapter, layout, settings, vectors, scalingAfter(4, settings, 1));
      expectClose(after.firstMoment, expected.firstMoment);
      expectClose(after.secondMoment, expected.secondMoment);
      for (const { name, offset, size } of layout.tensors) {
        // Only the change is compared, because it is small beside the parameters.
        const change = (values: Float32Array | Float64Array) =>
          Float64Array.from(values.subarray(offset, offset + size), (value, i) => {
            return value - (vectors.parameters[offset + i] ?? Number.NaN);
          });
        const error = relativeError(Float32Array.from(change(after.parameters)), change(expected.parameters));
        expect(error, name).toBeLessThan(1e-4);
      }
    }
  },
);

test('Muon agrees with the reference for gradients of rank 1, where rounding grows most', async () => {
  const zeros = () => new Float32Array(layout.length);
  const vectors = { gradient: zeros(), parameters: zeros(), firstMoment: zeros(), secondMoment: zeros() };
  const random = Random.seeded(5);
  for (const { offset, size, shape } of hidden) {
    const [rows = 0, columns = 0] = shape;
    const tall = Float64Array.from(randomValues(random, rows));
    const wide = Float64Array.from(randomValues(random, columns));
    for (let i = 0; i < size; i++)
      vectors.gradient[offset + i] = at(tall, Math.floor(i / columns)) * at(wide, i % columns);
  }
  const unclipped = { ...settings, gradientClip: 1e9 };
  for (const adapter of allVariants(device)) {
    const after = await updated(adapter, layout, unclipped, vectors, scalingAfter(4, unclipped, 1));
    for (const { name, offset, size, shape } of hidden) {
      const own = (values: Float32Array) => values.subarray(offset, offset + size);
      const [rows = 0, columns = 0] = shape;
      const { values } = orthogonalize({ values: Float64Array.from(own(vectors.gradient)), rows, columns });
      const scale = -learningRate * 0.2 * Math.sqrt(Math.max(rows, columns));
      const expected = values.map((value) => scale * value);
      expect(relativeError(own(after.parameters), expected), name).toBeLessThan(1e-4);
    }
  }
});

test('a matrix without a gradient only decays', async () => {
  const vectors = randomVectors(layout, 1);
  for (const { offset, size } of hidden) {
    vectors.gradient.fill(0, offset, offset + size);
    vectors.firstMoment.fill(0, offset, offset + size);
  }
  const after = await updated(device, layout, settings, vectors, scalingAfter(4, settings, 1));
  for (const { offset, size } of hidden) {
    const own = (values: Float32Array) => values.subarray(offset, offset + size);
    const expected = Float64Array.from(own(vectors.parameters), (value) => {
      return value * (1 - learningRate * settings.weightDecay);
    });
    expectClose(own(after.parameters), expected);
  }
});

test('variants of symmetric products agree on random values too, by which the tuner compares them', async () => {
  const config = { ...presets.nano, layers: 1, dimension: 144, heads: 4, keyValueHeads: 4, feedForward: 160 };
  const sites = stepSites(device, config, { batch: 1, sequence: 8 }, settings);
  const symmetric = sites.filter(({ operation }) => /^muon-(gram|polynomial)$/.test(operation));
  const tunings = await tune(device, symmetric, { rounds: 0, sample: 0 });
  expect(tunings).toHaveLength(symmetric.length);
  for (const { key, measurements } of tunings)
    for (const { variant, refused } of measurements) expect(refused, `${key}: ${variant}`).toBeNull();
});

test('a gradient that is not finite changes neither matrices nor moments', async () => {
  const vectors = randomVectors(layout, 1);
  vectors.gradient[hidden[3]?.offset ?? 0] = Number.NaN;
  const after = await updated(device, layout, settings, vectors, scalingAfter(4, settings, 1));
  expect(after.parameters).toEqual(vectors.parameters);
  expect(after.firstMoment).toEqual(vectors.firstMoment);
  expect(after.scaling.skippedSteps).toBe(1);
});
