import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import type { Device } from '../../../../client/gpu/device.ts';
import type { RecordedSite } from '../../../../client/gpu/program.ts';
import {
  isMeasured,
  measureAndKeep,
  measuredKernels,
} from '../../../../client/gpu/tuning/measured-kernels.ts';
import type { Tuning } from '../../../../client/gpu/tuning/tuner.ts';
import { loadTunings, saveTunings, tuningFile, tuningOf } from '../../../../client/gpu/tuning/tunings.ts';
import { diskFiles } from '../../../../client/host/disk.ts';
import { stepSites } from '../../../../client/train/step-sites.ts';
import { tinyConfig } from '../../../support/contribute/harness.ts';
import { openNodeDevice } from '../../../support/gpu-node.ts';

const shape = { batch: 2, sequence: 16 };
const settings = { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.1, gradientClip: 1 };

let device: Device;
let folder: string;
let sites: RecordedSite[];
let one: Tuning;

beforeAll(async () => {
  device = await openNodeDevice();
  sites = stepSites(device, tinyConfig, shape, settings);
  const site = sites.find(({ operation }) => operation === 'rms-norm-forward');
  if (site === undefined) throw new Error('no operation has a choice');
  [one] = (await measureAndKeep(
    device,
    { read: async () => null, write: async () => {} },
    new Map(),
    [site],
    {
      sample: 0.5,
    },
  )) as [Tuning];
});
afterAll(() => device.close());
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tapestry-tunings-'));
});
afterEach(async () => {
  vi.resetModules();
  await rm(folder, { recursive: true });
});

const kept = () => new Map([[one.key, one]]);

test('measurements are read back unchanged, and only for the adapter that they were made on', async () => {
  const store = diskFiles(folder);
  await saveTunings(store, device, kept());
  expect(await loadTunings(store, device)).toEqual(kept());
  const updated = { ...device, identity: `${device.identity} of another version` };
  expect(await loadTunings(store, updated)).toEqual(new Map());
  // Each adapter has its own file, so neither overwrites the other's.
  await saveTunings(store, updated, new Map());
  expect(await loadTunings(store, device)).toEqual(kept());
});

test('a file that holds another adapter’s measurements is not used', async () => {
  const store = diskFiles(folder);
  const other = { ...device, identity: 'another' };
  await saveTunings(store, other, kept());
  await store.write(tuningFile(device), await readFile(join(folder, tuningFile(other))));
  expect(await loadTunings(store, device)).toEqual(new Map());
});

test('a change of the shaders invalidates the measurements', async () => {
  const store = diskFiles(folder);
  await saveTunings(store, device, kept());
  vi.doMock('../../../../shaders/index.ts', async (original) => {
    const { shaders, ...rest } = await original<typeof import('../../../../shaders/index.ts')>();
    return { ...rest, shaders: { ...shaders, adamw: { ...shaders.adamw, parts: [] } } };
  });
  const { loadTunings: loadByOthers } = await import('../../../../client/gpu/tuning/tunings.ts');
  expect(await loadByOthers(store, device)).toEqual(new Map());
  vi.doUnmock('../../../../shaders/index.ts');
});

test('a site whose candidates changed has to be measured again', () => {
  const site = sites.find(({ key }) => key === one.key);
  if (site === undefined) throw new Error('not recorded');
  expect(tuningOf(kept(), site)).toBe(one);
  const [first, ...others] = site.candidates;
  const changed = { ...first, overrides: { ...first.overrides, lanes: 99 } };
  expect(tuningOf(kept(), { ...site, candidates: [changed, ...others] })).toBeUndefined();
});

const text = () => JSON.stringify({ version: 1, adapter: device.identity, shaders: '', tunings: [] });

test.each([
  ['nothing', () => ''],
  ['no JSON', () => '{"version": 1, '],
  ['another version', () => text().replace('1', '2')],
  ['a field that is not known', () => text().replace('{', '{"more": 1,')],
  ['a negative time', async () => (await saved()).replace(/"microseconds": \d/, '"microseconds": -1')],
  [
    'a word where a number belongs',
    async () => (await saved()).replace(/"words": \[\s*\d+/, '"words": ["x"'),
  ],
])('a file of %s is refused and made again', async (_, content) => {
  const store = diskFiles(folder);
  await writeFile(join(folder, tuningFile(device)), await content());
  expect(await loadTunings(store, device)).toEqual(new Map());
  await saveTunings(store, device, kept());
  expect(await loadTunings(store, device)).toEqual(kept());
});

async function saved(): Promise<string> {
  let written = '';
  const write = async (_: string, bytes: Uint8Array) => {
    written = new TextDecoder().decode(bytes);
  };
  await saveTunings({ read: async () => null, write }, device, kept());
  return written;
}

test('a graphics card is measured once: each later start chooses the same', async () => {
  const card = { ...device, software: false };
  const store = diskFiles(folder);
  const norms = sites.filter(({ operation }) => operation.startsWith('rms-norm'));
  const onMeasured = vi.fn();
  // With an empty shader cache, compiling alone may take longer than a node's first start allows.
  const first = await measuredKernels(card, store, { onMeasured, budget: 600_000 })(norms);
  expect([...first.keys()].sort()).toEqual(norms.map(({ key }) => key).sort());
  expect(onMeasured).toHaveBeenCalledExactlyOnceWith({
    sites: norms.length,
    left: 0,
    milliseconds: expect.any(Number),
  });
  expect(await measuredKernels(card, store, { onMeasured })(norms)).toEqual(first);
  expect(onMeasured).toHaveBeenCalledOnce();
});

test('a site that there was no time for keeps its guess, also at the next start', async () => {
  const store = diskFiles(folder);
  const norms = sites.filter(({ operation }) => operation.startsWith('rms-norm'));
  let now = 0;
  const tunings = await measureAndKeep(device, store, new Map(), norms, {
    sample: 0.1,
    budget: 5,
    // The clock is read once at the start and once before each site.
    now: () => now++ * 3,
  });
  expect(tunings.map(isMeasured)).toEqual([true, ...norms.slice(1).map(() => false)]);
  const choices = await measuredKernels({ ...device, software: false }, store)(norms);
  for (const { key, chosen } of tunings) expect(choices.get(key)).toBe(chosen);
});

test('a site that there was no time for does not get a shader that another site refused', async () => {
  const norms = sites
    .filter(({ operation }) => operation.startsWith('rms-norm'))
    .map((site) => {
      const broken = { ...site.guess, variant: 'broken', shader: 'embedding', entry: 'missing' } as const;
      const candidates: RecordedSite['candidates'] = [...site.candidates, broken];
      return { ...site, candidates, guess: broken };
    });
  let now = 0;
  const [measured, ...left] = await measureAndKeep(device, diskFiles(folder), new Map(), norms, {
    sample: 0.1,
    budget: 5,
    now: () => now++ * 3,
  });
  expect(measured?.measurements.at(-1)).toMatchObject({ variant: 'broken', microseconds: null });
  expect(left.length).toBeGreaterThan(0);
  for (const { key, guess, chosen } of left) {
    const own = sites.find((site) => site.key === key);
    expect([guess, chosen]).toEqual(['broken', own?.candidates.at(-1)?.variant]);
  }
});

test('a software adapter is not measured by default, but its stored measurements are used', async () => {
  const store = diskFiles(folder);
  const onMeasured = vi.fn();
  const chooser = measuredKernels(device, store, { onMeasured });
  expect(await chooser(sites)).toEqual(new Map());
  await saveTunings(store, device, kept());
  expect(await chooser(sites)).toEqual(new Map([[one.key, one.chosen]]));
  expect(onMeasured).not.toHaveBeenCalled();
});

test('a store that fails does not stop training', async () => {
  const store = {
    read: () => Promise.reject(new Error('broken')),
    write: () => Promise.reject(new Error('full')),
  };
  const site = sites.find(({ key }) => key === one.key);
  const card = { ...device, software: false };
  const choices = await measuredKernels(card, store)(site === undefined ? [] : [site]);
  expect([...choices.keys()]).toEqual([one.key]);
});

test('kernels that made the adapter lose its device are not tried again', async () => {
  const own = await openNodeDevice();
  const card = { ...own, software: false };
  const store = diskFiles(folder);
  const losing = measureAndKeep(
    card,
    store,
    new Map(),
    sites.filter(({ key }) => key === one.key),
    {
      onTuned: () => undefined,
      now: () => {
        own.close();
        return 0;
      },
    },
  );
  await expect(losing).rejects.toMatchObject({ code: 'device.lost' });
  const known = await loadTunings(store, card);
  expect(known.get(one.key)).toMatchObject({ chosen: one.guess });
  const onMeasured = vi.fn();
  await measuredKernels(card, store, { onMeasured })(sites.filter(({ key }) => key === one.key));
  expect(onMeasured).not.toHaveBeenCalled();
});
