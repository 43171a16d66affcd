import { expect, test } from 'vitest';
import type { Adapter } from '../../../../client/gpu/device.ts';
import { siteOf } from '../../../../client/gpu/operation.ts';
import { presets } from '../../../../client/model/config.ts';
import {
  attentionBackwardKeyValue,
  attentionForward,
} from '../../../../client/model/operations/attention.ts';
import { linearBackwardWeight, linearForward } from '../../../../client/model/operations/linear.ts';

/** What is guessed for graphics processors before anything is measured. */
const card: Adapter = {
  software: false,
  subgroupSize: 32,
  f16: true,
  matrixUnits: [{ rows: 16, columns: 16, depth: 16, operands: 'f16', result: 'f32' }],
  workgroupBytes: 49_152,
  workgroupInvocations: 1024,
  bufferBytes: 2 ** 32,
  bindingBytes: 2 ** 31,
};
const least: Adapter = {
  software: false,
  subgroupSize: 0,
  f16: false,
  matrixUnits: [],
  workgroupBytes: 16_384,
  workgroupInvocations: 256,
  bufferBytes: 2 ** 28,
  bindingBytes: 2 ** 27,
};

const { dimension, heads, keyValueHeads } = presets.base;
const rows = 8192;
const projection = { rows, inputs: dimension, outputs: dimension };
const linear = { ...projection, epilogue: { kind: 'addend' } } as const;
const attention = { batch: 8, sequence: 1024, heads, keyValueHeads, headSize: dimension / heads };

test('a card with matrix units multiplies and attends by them, in half precision', () => {
  const names = [
    siteOf(linearForward, linear, card, 'f16'),
    siteOf(linearBackwardWeight, { ...projection, accumulate: false }, card, 'f16'),
    siteOf(attentionForward, attention, card, 'f16'),
    siteOf(attentionBackwardKeyValue, attention, card, 'f16'),
  ].map(({ guess }) => guess.variant);
  for (const name of names) expect(name).toMatch(/^matrix units/);
});

test('single precision, and a card without matrix units, go by tiles', () => {
  const names = [
    siteOf(linearForward, linear, card, 'f32'),
    siteOf(attentionForward, attention, card, 'f32'),
    siteOf(linearForward, linear, { ...card, matrixUnits: [] }, 'f16'),
    siteOf(linearForward, linear, { ...card, subgroupSize: 0 }, 'f16'),
    siteOf(linearForward, linear, least, 'f32'),
  ].map(({ guess }) => guess.variant);
  for (const name of names) expect(name).toMatch(/^tiled/);
});

test('units that add up in half precision are not used', () => {
  const imprecise = {
    ...card,
    matrixUnits: [{ rows: 16, columns: 16, depth: 16, operands: 'f16', result: 'f16' }],
  } as const;
  const { candidates } = siteOf(linearForward, linear, imprecise, 'f16');
  expect(candidates.filter(({ variant }) => variant.startsWith('matrix units'))).toEqual([]);
});

test('a small product is cut into small tiles, so that it has workgroups to share out', () => {
  const tile = (rows: number) => siteOf(linearForward, { ...linear, rows }, card, 'f16').guess.variant;
  expect(tile(rows)).toContain('128x128');
  expect(tile(64)).toContain('64x64');
});
