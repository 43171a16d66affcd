import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { Sampler } from '../../../client/data/sampler.ts';
import type { Device } from '../../../client/gpu/device.ts';
import { type KernelRecord, keptKernels } from '../../../client/gpu/kernel-record.ts';
import { measuredKernels } from '../../../client/gpu/measured-kernels.ts';
import { decodeCheckpoint, encodeCheckpoint } from '../../../client/train/checkpoint.ts';
import { stepSites } from '../../../client/train/step-sites.ts';
import { Trainer, type TrainerOptions } from '../../../client/train/trainer.ts';
import { openNodeDevice } from '../../gpu-node.ts';
import { config, fresh, settings, shape } from '../train/small-run.ts';
import { memoryFiles, tuneNorms } from './tuned-store.ts';

const tokens = Uint16Array.from({ length: 400 }, (_, i) => (i * i + (i >> 3)) % config.vocabularySize);

let device: Device;
beforeAll(async () => {
  device = await openNodeDevice();
});
afterAll(() => device.close());

/** Trains ten steps, from a checkpoint or from the beginning, and leaves a checkpoint. */
async function trainOn(
  options: TrainerOptions,
  from?: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array<ArrayBuffer>> {
  const trainer = await Trainer.create(device, config, shape, settings, options);
  const sampler = new Sampler(tokens, shape, 7);
  const begun = from && (await decodeCheckpoint(from, 'recipe'));
  if (begun) sampler.restore(begun.sampler);
  trainer.load(begun?.state ?? fresh(3));
  for (let step = 0; step < 10; step++) trainer.step(sampler.next(), 1e-2);
  const { kernels } = trainer;
  const checkpoint = { state: await trainer.save(), sampler: sampler.save(), kernels };
  trainer.close();
  return encodeCheckpoint('recipe', checkpoint);
}

test('a run goes on with the kernels it began with, whatever was tuned in between', async () => {
  const store = memoryFiles();
  const measured = measuredKernels(device, store);
  const half = await trainOn({ choices: measured });
  const through = await trainOn({ choices: measured }, half);

  await tuneNorms(store, device, stepSites(device, config, shape, settings));
  const { kernels } = await decodeCheckpoint(half, 'recipe');
  const onChanged = vi.fn();
  const kept = keptKernels(device, kernels, measured, onChanged);
  expect(await trainOn({ choices: kept }, half)).toEqual(through);
  expect(onChanged).not.toHaveBeenCalled();

  // By what was tuned alone, the same steps give other bits: the kernels do decide them.
  const forgetful = await trainOn({ choices: measured }, half);
  const [one, other] = await Promise.all(
    [through, forgetful].map((bytes) => decodeCheckpoint(bytes, 'recipe')),
  );
  expect(one?.sampler).toEqual(other?.sampler);
  expect(one?.state.parameters).not.toEqual(other?.state.parameters);
});

test('a trainer tells every kernel that it runs, also those that were guessed', async () => {
  const trainer = await Trainer.create(device, config, shape, settings);
  const sites = stepSites(device, config, shape, settings);
  const told = Object.entries(trainer.kernels.kernels).map(([key, { variant }]) => [key, variant]);
  expect(told).toEqual(sites.map(({ key, guess }) => [key, guess.variant]));
  expect(trainer.kernels.adapter).toBe(device.identity);
  trainer.close();
});

test.each<[string, string, (record: KernelRecord, key: string) => KernelRecord | null]>([
  ['adapter', 'another driver', (record) => ({ ...record, adapter: `${record.adapter} 2` })],
  [
    'build',
    'a variant that is gone',
    ({ adapter, kernels }, key) => ({
      adapter,
      kernels: { ...kernels, [key]: { variant: 'gone', digest: '0' } },
    }),
  ],
  [
    'build',
    'a kernel of another text',
    ({ adapter, kernels }, key) => ({
      adapter,
      kernels: { ...kernels, [key]: { variant: kernels[key]?.variant ?? '', digest: '0' } },
    }),
  ],
  [
    'build',
    'one operation less',
    ({ adapter, kernels }, key) => ({
      adapter,
      kernels: Object.fromEntries(Object.entries(kernels).filter(([other]) => other !== key)),
    }),
  ],
  [
    'build',
    'one operation more',
    ({ adapter, kernels }) => ({
      adapter,
      kernels: { ...kernels, more: { variant: 'flat', digest: '0' } },
    }),
  ],
  ['unknown', 'nothing remembered', () => null],
])('%s: with %s, kernels are chosen afresh, which is said', async (change, _, alter) => {
  const sites = stepSites(device, config, shape, settings);
  const references = new Map(sites.map(({ key, candidates: [{ variant }] }) => [key, variant]));
  const trainer = await Trainer.create(device, config, shape, settings);
  const { kernels } = trainer;
  trainer.close();
  const onChanged = vi.fn();
  const choose = (record: KernelRecord | null) =>
    keptKernels(device, record, async () => references, onChanged)(sites);
  expect(await choose(kernels)).not.toBe(references);
  expect(onChanged).not.toHaveBeenCalled();
  expect(await choose(alter(kernels, sites[0]?.key ?? ''))).toBe(references);
  expect(onChanged).toHaveBeenCalledExactlyOnceWith(change);
});
