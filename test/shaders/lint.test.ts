import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Device } from '../../client/gpu/device.ts';
import { openDevice } from '../../client/gpu/device.ts';
import type { Site } from '../../client/gpu/operation.ts';
import { compileKernels, type Kernel, kernelKey, startCompiling } from '../../client/gpu/pipelines.ts';
import { presetNames, presets } from '../../client/model/config.ts';
import { stepSites } from '../../client/train/step-sites.ts';
import { type ShaderName, shaders } from '../../shaders/index.ts';
import { matrixUnitKinds } from '../../shaders/matrix-units/matrix-units.ts';
import { Shader, sourceAsking, sourceFor } from '../../shaders/shader.ts';
import { Draw } from '../platform/operations/draw.ts';
import { specifications } from '../platform/operations/index.ts';
import { nodeGpu } from '../support/gpu-node.ts';

/** Dawn without a driver validates every shader and its bindings and runs nothing. */
let device: Device;
let kernels: readonly (readonly [bytes: number, kernels: readonly Kernel[]])[];
beforeAll(async () => {
  device = await openDevice(nodeGpu(['backend=null', 'enable-dawn-features=allow_unsafe_apis']));
  kernels = memories.map((bytes) => [bytes, kernelsWithin(bytes)]);
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

/** The kernels that may run on an adapter, for the shapes of `cases` and those of the presets' training. */
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

/** Bytes of workgroup memory that adapters have, from phones to graphics cards. Dawn without a driver has the least. */
const memories = [16_384, 32_768, 49_152] as const;

/** All variants as they compile on any adapter with this much workgroup memory. */
function kernelsWithin(workgroupBytes: number): Kernel[] {
  const withUnits = Object.values(matrixUnitKinds).map(({ lanes, ...unit }) => ({
    ...device,
    workgroupBytes,
    subgroupSize: lanes,
    matrixUnits: [{ ...unit, result: 'f32' } as const],
  }));
  const processor = { ...device, software: true, workgroupBytes };
  const processors = [
    { ...processor, subgroupSize: 4, f16: false },
    { ...processor, subgroupSize: 8 },
  ];
  return [...processors, ...withUnits].flatMap(sitesOn).flatMap(({ candidates, storage }) =>
    candidates.map(({ shader, entry, overrides }) => ({
      shader: shaders[shader],
      entry,
      overrides,
      storage,
    })),
  );
}

test.each(names)('%s: every variant compiles with its storages, bound as declared', async (name) => {
  const seen = new Set<string>();
  for (const [bytes, all] of kernels) {
    const own = all.filter(({ shader }) => shader === shaders[name]);
    const entries = new Set(own.map(({ entry }) => entry));
    if (bytes === memories.at(-1)) expect(entries).toEqual(new Set(Object.keys(shaders[name].entryPoints)));
    const added = own.filter((kernel) => !seen.has(kernelKey(kernel)));
    for (const kernel of added) seen.add(kernelKey(kernel));
    const compiling = [...startCompiling(device.device, added).values()];
    if (bytes === device.workgroupBytes) await Promise.all(compiling);
    else for (const kernel of compiling) await expectOnlyTooLarge(kernel, bytes);
  }
});

/** Dawn checks the workgroup memory of a kernel after everything else. */
async function expectOnlyTooLarge(compiling: Promise<unknown>, bytes: number): Promise<void> {
  const refusal = await compiling.then(
    () => null,
    (error: Error) => error.message,
  );
  if (refusal === null) return;
  const used = /total use of workgroup storage \((\d+) bytes\) is larger than the maximum/.exec(refusal);
  expect(used, refusal).not.toBeNull();
  expect(Number(used?.[1])).toBeLessThanOrEqual(bytes);
}

test.each(names.filter((name) => name.startsWith('matrixUnit')))(
  '%s: is also valid if all subgroups have one size',
  async (name) => {
    expect(sourceAsking(shaders[name], 'f16')).toContain('@subgroup_size');
    const code = sourceFor(shaders[name], 'f16');
    expect(code).not.toContain('@subgroup_size');
    const { messages } = await device.device.createShaderModule({ code }).getCompilationInfo();
    expect(messages).toEqual([]);
  },
);

test.each(names)('%s: uses only features that every adapter and engine offers', (name) => {
  const { source, entryPoints } = shaders[name];
  for (const bindings of Object.values(entryPoints)) {
    const storage = Object.values(bindings).filter(({ kind }) => kind !== 'uniform');
    expect(storage.length).toBeLessThanOrEqual(8);
  }
  expect(source).not.toMatch(/\benable |ptr<(workgroup|storage)/);
  const entries = [...source.matchAll(/@compute[^{]*?fn (\w+)/g)].map((match) => match[1]);
  expect(entries.sort()).toEqual(Object.keys(entryPoints).sort());
});

test('all forms of an operation have the same bindings', () => {
  const declared = ({ shader, entry }: { shader: ShaderName; entry: string }) =>
    Object.entries(shaders[shader].entryPoints[entry] ?? {}).map(([name, { kind }]) => `${name}: ${kind}`);
  for (const { operation } of specifications) {
    const [reference, ...others] = operation.variants;
    for (const other of others)
      expect(declared(other).sort(), other.name).toEqual(declared(reference).sort());
  }
});

test.each([
  ['linear/linear.wgsl', 'exp(-x)', 'exp(-y)'],
  ['numbers.wgsl', 'return', 'return unknown +'],
])('a shader that does not compile is named, with the file %s and its line', async (file, from, to) => {
  const { matmul } = shaders;
  const parts = matmul.parts.map((part) =>
    part.file === file ? { ...part, text: part.text.replace(from, to) } : part,
  );
  const changed = parts.find((part) => part.file === file)?.text.split('\n') ?? [];
  const line = 1 + changed.findIndex((text) => text.includes(to));
  expect(line).toBeGreaterThan(0);
  const shader = new Shader({ ...matmul, parts });
  const kernel = { shader, entry: 'forward', overrides: { lanesX: 8, lanesY: 1 }, storage: 'f32' } as const;
  await expect(compileKernels(device.device, [kernel])).rejects.toMatchObject({
    code: 'shader.invalid',
    message: expect.stringContaining(`matmul does not compile on this adapter: ${file}:${line}:`),
  });
});
