import { expect, test } from 'vitest';
import { presets } from '../../../client/model/config.ts';
import { layoutOf } from '../../../client/model/parameters.ts';
import { choosePreset, measureCost, presetFor } from '../../../client/train/choose-preset.ts';
import { openNodeDevice } from '../../support/gpu-node.ts';

const trained = (name: keyof typeof presets) => layoutOf(presets[name]).trained;
const plenty = 2 ** 40;

test('a faster device gets a larger preset, and every device gets one', () => {
  const brisk = (name: keyof typeof presets) => 1000 / 4096 / trained(name);
  expect(presetFor(1, plenty)).toBe('nano');
  expect(presetFor(brisk('micro'), plenty)).toBe('micro');
  expect(presetFor(brisk('small') * 1.01, plenty)).toBe('mini');
  expect(presetFor(brisk('base') / 2, plenty)).toBe('base');
});

test('a preset whose vector does not fit one buffer is skipped', () => {
  expect(presetFor(0, layoutOf(presets.mini).length * 4)).toBe('mini');
  expect(presetFor(0, 1)).toBe('nano');
});

test('a software adapter gets nano, and any adapter can be measured', async () => {
  const device = await openNodeDevice();
  const guesses = async () => new Map<string, string>();
  if (device.software) expect(await choosePreset(device, guesses)).toBe('nano');
  expect(presets).toHaveProperty(presetFor(await measureCost(device, 1, 1, guesses), plenty));
  device.close();
});
