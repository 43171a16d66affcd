import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { Sampler } from '../../../../client/data/sampler.ts';
import { WordTokens } from '../../../../client/data/tokens.ts';
import type { Device } from '../../../../client/gpu/device.ts';
import { type KernelRecord, keptKernels } from '../../../../client/gpu/tuning/kernel-record.ts';
import { measuredKernels } from '../../../../client/gpu/tuning/measured-kernels.ts';
import { decodeCheckpoint, encodeCheckpoint } from '../../../../client/train/checkpoint.ts';
import { stepSites } from '../../../../client/train/step-sites.ts';
import { Trainer, type TrainerOptions } from '../../../../client/train/trainer.ts';
import { openNodeDevice } from '../../../support/gpu-node.ts';
import { config, fresh, settings, shape } from '../../../support/train/small-run.ts';
import { memoryFiles, tuneNorms } from '../../../support/tuned-store.ts';

const tokens = WordTokens.of(
  Uint32Array.from({ length: 400 }, (_, i) => (i * i + (i >> 3)) % config.vocabularySize),
);

let device: Device;
beforeAll(async () => {
  device = await openNodeDevice();
});
afterAll(() => device.close());

/** Trains ten steps, from a checkpoint or from the beginning, and writes a checkpoint. */
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

test('a resumed run keeps the kernels of its checkpoint, even if others were tuned in between', async () => {
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

  // With the tuned kernels the same steps give other bits, so the kernels do decide the bits.
  const forgetful = await trainOn({ choices: measured }, half);
  const [one, other] = await Promise.all(
    [through, forgetful].map((bytes) => decodeCheckpoint(bytes, 'recipe')),
  );
  expect(one?.sampler).toEqual(other?.sampler);
  expect(one?.state.parameters).not.toEqual(other?.state.parameters);
});

test('a trainer reports every kernel that it runs, guessed ones included', async () => {
  const trainer = await Trainer.create(device, config, shape, settings);
  const sites = stepSites(device, config, shape, settings);
  const told = Object.entries(trainer.kernels.kernels).map(([key, { variant }]) => [key, variant]);
  expect(told).toEqual(sites.map(({ key, guess }) => [key, guess.variant]));
  expect(trainer.kernels.adapter).toBe(device.identity);
  trainer.close();
});

test.each<[string, string, (record: KernelRecord, key: string) => KernelRecord]>([
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
])('%s: with %s, kernels are chosen again, and the change is reported', async (change, _, alter) => {
  const sites = stepSites(device, config, shape, settings);
  const references = new Map(sites.map(({ key, candidates: [{ variant }] }) => [key, variant]));
  const trainer = await Trainer.create(device, config, shape, settings);
  const { kernels } = trainer;
  trainer.close();
  const onChanged = vi.fn();
  const choose = (record: KernelRecord) =>
    keptKernels(device, record, async () => references, onChanged)(sites);
  expect(await choose(kernels)).not.toBe(references);
  expect(onChanged).not.toHaveBeenCalled();
  expect(await choose(alter(kernels, sites[0]?.key ?? ''))).toBe(references);
  expect(onChanged).toHaveBeenCalledExactlyOnceWith(change);
});
