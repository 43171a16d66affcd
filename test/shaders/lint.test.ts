import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Device } from '../../client/gpu/device.ts';
import { openDevice } from '../../client/gpu/device.ts';
import { compileKernels } from '../../client/gpu/pipelines.ts';
import { type Shader, type ShaderName, shaders } from '../../shaders/index.ts';
import { nodeGpu } from '../gpu-node.ts';

/** Dawn without a driver: validates every shader and its bindings, runs nothing. */
let device: Device;
beforeAll(async () => {
  device = await openDevice(nodeGpu(['backend=null']));
});
afterAll(() => device.close());

const names = Object.keys(shaders).filter((name): name is ShaderName => name in shaders);

test.each(names)('%s: every entry point compiles with either storage, bound as declared', async (name) => {
  const shader: Shader = shaders[name];
  const overrides = Object.fromEntries(shader.overrides.map((constant) => [constant, 8]));
  for (const storage of ['f32', 'f16'] as const) {
    const kernels = Object.keys(shader.entryPoints).map((entry) => ({ shader, entry, overrides, storage }));
    expect((await compileKernels(device.device, kernels)).size).toBe(kernels.length);
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
