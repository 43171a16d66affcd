import { expect, test } from 'vitest';
import { bench, memoryConfigs } from '../../bench/memory.ts';
import { nodeGpu } from '../support/gpu-node.ts';

const shortStep = { batch: 1, sequence: 16, storage: 'f32', binding: 128, steps: 0 } as const;

test('the memory bench trains a step in the memory that it predicted', async () => {
  const { nano } = memoryConfigs;
  if (nano === undefined) throw new Error('there is no preset nano');
  const config = { ...nano, vocabularySize: 5004 };
  // With 1 MiB the table and its gradient are processed in three parts.
  const options = { batch: 2, sequence: 32, storage: 'f32', recompute: true, binding: 1, steps: 0 } as const;
  const record = await bench({ ...options, config, gpu: nodeGpu() });
  expect(record.bindingBytes).toBe(2 ** 20);
  expect(record.losses.length).toBe(1);
  expect(Math.abs((record.losses[0] ?? Number.NaN) / record.uniformLoss - 1)).toBeLessThan(0.05);
  expect(Math.abs(record.allocatedToPredicted - 1)).toBeLessThan(0.05);
});

test('a step of adapters over a base in blocks of 8 bits takes what was predicted, to 1%', async () => {
  const { nano } = memoryConfigs;
  if (nano === undefined) throw new Error('there is no preset nano');
  const record = await bench({ ...shortStep, recompute: true, adapter: 8, config: nano, gpu: nodeGpu() });
  expect(record.trained).toBeLessThan(record.parameters / 5);
  expect(record.predicted.gradient).toBeLessThan(record.parameters);
  expect(Math.abs(record.allocatedToPredicted - 1)).toBeLessThan(0.01);
});

test('a step of the upper layers takes what was predicted, and less than a step of the whole model', async () => {
  const { nano } = memoryConfigs;
  if (nano === undefined) throw new Error('there is no preset nano');
  const measured = (upperLayers?: number) =>
    bench({ ...shortStep, recompute: false, upperLayers, config: { ...nano, layers: 4 }, gpu: nodeGpu() });
  const [whole, upper] = [await measured(), await measured(1)];
  expect(Math.abs(upper.allocatedToPredicted - 1)).toBeLessThan(0.01);
  expect(upper.losses).toEqual(whole.losses);
  expect(upper.trained).toBeLessThan(whole.trained / 2);
  expect(upper.allocatedBytes).toBeLessThan(0.6 * whole.allocatedBytes);
});
