import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Device } from '../../client/gpu/device.ts';
import { openDevice } from '../../client/gpu/device.ts';
import type { Site } from '../../client/gpu/operation.ts';
import { compileKernels, type Kernel, kernelKey, startCompiling } from '../../client/gpu/pipelines.ts';
import { presetNames, presets } from '../../client/model/config.ts';
import { stepSites } from '../../client/train/step-sites.ts';
import { type Shader, type ShaderName, shaders } from '../../shaders/index.ts';
import { matrixUnitKinds } from '../../shaders/matrix-units.ts';
import { nodeGpu } from '../gpu-node.ts';
import { Draw } from '../platform/operations/draw.ts';
import { specifications } from '../platform/operations/index.ts';

/** Dawn without a driver: validates every shader and its bindings, runs nothing. */
let device: Device;
let kernels: readonly Kernel[];
beforeAll(async () => {
  device = await openDevice(nodeGpu(['backend=null', 'enable-dawn-features=allow_unsafe_apis']));
  kernels = everyKernel();
});
afterAll(() => device.close());

const names = Object.keys(shaders).filter((name): name is ShaderName => name in shaders);

/** Every operation on many shapes. */
const cases = specifications.flatMap(({ storages, cases }) =>
  storages.flatMap((storage) => cases(new Draw(1, storage)).map(({ site }) => ({ site, storage }))),
);

const settings = {
  beta1: 0.9,
  beta2: 0.95,
  epsilon: 1e-8,
  weightDecay: 0.1,
  gradientClip: 1,
  muon: { momentum: 0.95 },
};

/** What may run on an adapter: on the shapes of `cases`, and on those that the presets are trained with. */
function sitesOn(adapter: Device): Site[] {
  const trained = presetNames.flatMap((name) =>
    (['f32', 'f16'] as const).flatMap((storage) => {
      const config = presets[name];
      const shape = { batch: 2, sequence: config.contextLength };
      return stepSites(adapter, config, shape, settings, { storage });
    }),
  );
  return [...cases.map(({ site, storage }) => site(adapter, storage)), ...trained];
}

/** Workgroup memory that graphics cards have, and Dawn without a driver has not. */
const cardBytes = 49_152;

/** All variants, as they would be compiled on one adapter or another. */
function everyKernel(): Kernel[] {
  const card = { ...device, workgroupBytes: cardBytes };
  const withUnits = Object.values(matrixUnitKinds).map(({ lanes, ...unit }) => ({
    ...card,
    subgroupSize: lanes,
    matrixUnits: [{ ...unit, result: 'f32' } as const],
  }));
  const adapters = [{ ...card, subgroupSize: 4 }, { ...card, subgroupSize: 8 }, ...withUnits];
  const kernels = adapters.flatMap(sitesOn).flatMap(({ candidates, storage }) =>
    candidates.map(({ shader, entry, overrides }) => ({
      shader: shaders[shader],
      entry,
      overrides,
      storage,
    })),
  );
  return [...new Map(kernels.map((kernel) => [kernelKey(kernel), kernel])).values()];
}

test.each(names)('%s: every variant compiles with its storages, bound as declared', async (name) => {
  const own = kernels.filter(({ shader }) => shader === shaders[name]);
  const entries = new Set(own.map(({ entry }) => entry));
  expect(entries).toEqual(new Set(Object.keys(shaders[name].entryPoints)));
  const refusals = await Promise.all(
    [...startCompiling(device.device, own).values()].map((compiling) =>
      compiling.then(
        () => '',
        (error: Error) => error.message,
      ),
    ),
  );
  for (const refusal of refusals.filter((message) => message !== '')) {
    // Dawn finds what is too much when all else is found right. That it is a card's at most is for `fits` to see to.
    expect(refusal).toMatch(/The total use of workgroup storage \(\d+ bytes\) is larger than the maximum/);
    expect(Number(/\((\d+) bytes\)/.exec(refusal)?.[1])).toBeLessThanOrEqual(cardBytes);
  }
});

test.each(names)('%s: stays within what every adapter and engine offers', (name) => {
  const { source, entryPoints }: Shader = shaders[name];
  for (const bindings of Object.values(entryPoints)) {
    const storage = Object.values(bindings).filter(([, kind]) => kind !== 'uniform');
    expect(storage.length).toBeLessThanOrEqual(8);
  }
  expect(source).not.toMatch(/\benable |ptr<(workgroup|storage)/);
  const entries = [...source.matchAll(/@compute[^{]*?fn (\w+)/g)].map((match) => match[1]);
  expect(entries.sort()).toEqual(Object.keys(entryPoints).sort());
});

test('a shader that does not compile is named, with the line', async () => {
  const shader = { ...shaders.matmul, source: shaders.matmul.source.replace('exp(-x)', 'exp(-y)') };
  const line = 1 + shader.source.split('\n').findIndex((text) => text.includes('exp(-y)'));
  const kernel = { shader, entry: 'forward', overrides: { lanesX: 8, lanesY: 1 }, storage: 'f32' } as const;
  await expect(compileKernels(device.device, [kernel])).rejects.toMatchObject({
    code: 'shader.invalid',
    message: expect.stringContaining(`matmul does not compile on this adapter: line ${line}:`),
  });
});
