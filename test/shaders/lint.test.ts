import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Device } from '../../client/gpu/device.ts';
import { openDevice } from '../../client/gpu/device.ts';
import { compileKernels } from '../../client/gpu/pipelines.ts';
import { variantsFor } from '../../client/gpu/variants.ts';
import { type Shader, type ShaderName, shaders } from '../../shaders/index.ts';
import { nodeGpu } from '../gpu-node.ts';

/** Dawn without a driver: validates every shader and its bindings, runs nothing. */
let device: Device;
beforeAll(async () => {
  device = await openDevice(nodeGpu(['backend=null']));
});
afterAll(() => device.close());

const names = Object.keys(shaders).filter((name): name is ShaderName => name in shaders);

test.each(names)('%s: every entry point compiles in every variant, bound as declared', async (name) => {
  for (const software of [true, false]) {
    const overrides = variantsFor({ software, subgroupSize: 8 })[name];
    const shader: Shader = shaders[name];
    const kernels = Object.keys(shader.entryPoints).map((entry) => ({ shader, entry, overrides }));
    expect((await compileKernels(device.device, kernels)).size).toBe(kernels.length);
  }
});

test.each(names)('%s: stays within what every adapter and engine offers', (name) => {
  const { source, entryPoints }: Shader = shaders[name];
  for (const bindings of Object.values(entryPoints)) {
    const storage = Object.values(bindings).filter(([, kind]) => kind !== 'uniform');
    expect(storage.length).toBeLessThanOrEqual(8);
  }
  expect(source).not.toMatch(/f16|ptr<(workgroup|storage)/);
  const needs = [...source.matchAll(/\benable (\w+);/g)].map((match) => match[1]);
  expect(needs).toEqual(/^subgroup/.test(name) ? ['subgroups'] : []);
  const entries = [...source.matchAll(/@compute[^{]*?fn (\w+)/g)].map((match) => match[1]);
  expect(entries.sort()).toEqual(Object.keys(entryPoints).sort());
});

test('a shader that does not compile is named, with the line', async () => {
  const shader = { ...shaders.swiglu, source: shaders.swiglu.source.replace('exp(-x)', 'exp(-y)') };
  const line = 1 + shader.source.split('\n').findIndex((text) => text.includes('exp(-y)'));
  const kernel = { shader, entry: 'forward', overrides: { lanes: 8 } };
  await expect(compileKernels(device.device, [kernel])).rejects.toMatchObject({
    code: 'shader.invalid',
    message: expect.stringContaining(`swiglu does not compile on this adapter: line ${line}:`),
  });
});
