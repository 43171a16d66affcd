import { expect, test } from 'vitest';
import { openDevice, sizeFeature } from '../../../client/gpu/device.ts';
import { nodeGpu, openNodeDevice } from '../../support/gpu-node.ts';

test('an adapter is opened with its own limits and a name', async () => {
  const gpu = nodeGpu();
  const adapter = await gpu.requestAdapter();
  const device = await openDevice(gpu);
  expect(device.device.limits.maxBufferSize).toBe(adapter?.limits.maxBufferSize);
  expect(device.name.length).toBeGreaterThan(3);
  expect(device.device.features.has('subgroups')).toBe(adapter?.features.has('subgroups'));
  if (device.software) expect(device.name).toMatch(/\(software\)$/);
  device.close();
  expect((await device.lost).reason).toBe('destroyed');
});

test('without an adapter the error says what is missing and how to fix it', async () => {
  const none: GPU = Object.assign(Object.create(nodeGpu()), { requestAdapter: async () => null });
  await expect(openDevice(none)).rejects.toMatchObject({
    code: 'adapter.missing',
    next: expect.stringContaining('npm run setup'),
  });
});

test('different devices have different identities', async () => {
  const [first, second] = [await openNodeDevice(), await openNodeDevice()];
  first.close();
  await first.lost;
  expect(await Promise.race([second.lost, Promise.resolve('alive')])).toBe('alive');
  second.close();
});

/** Dawn without a driver has every feature, and subgroups of several sizes. */
const nullGpu = () => nodeGpu(['backend=null', 'enable-dawn-features=allow_unsafe_apis']);

test('where subgroups have several sizes, kernels may ask for one', async () => {
  const device = await openDevice(nullGpu());
  expect(device.subgroupSize).toBe(0);
  expect(device.subgroupChoices).toEqual([4, 8, 16, 32, 64, 128]);
  expect(device.device.features.has(sizeFeature)).toBe(true);
  device.close();
});

/** The same GPU, whose adapter reports other properties. */
async function describedAs(gpu: GPU, info: object): Promise<GPU> {
  const adapter = await gpu.requestAdapter();
  if (adapter === null) throw new Error('no adapter');
  const described = {
    features: adapter.features,
    limits: adapter.limits,
    info: { description: 'simulated', ...info },
    requestDevice: (descriptor: GPUDeviceDescriptor) => adapter.requestDevice(descriptor),
  };
  return Object.assign(Object.create(gpu), { requestAdapter: async () => described });
}

test('an adapter that does not say how small its subgroups are offers none', async () => {
  const device = await openDevice(await describedAs(nullGpu(), { subgroupMaxSize: 64 }));
  expect([device.subgroupSize, device.subgroupChoices]).toEqual([0, []]);
  device.close();
});

test('an adapter’s matrix units are those that multiply floats', async () => {
  const gpu = nullGpu();
  const config = { M: 8, N: 16, K: 32, componentType: 'f16', resultComponentType: 'f32' };
  const configs = [
    config,
    { ...config, componentType: 'f32' },
    { ...config, componentType: 'i8' },
    { ...config, resultComponentType: 'i32' },
    { ...config, M: '8' },
    null,
  ];
  const units = await describedAs(gpu, {
    subgroupMinSize: 32,
    subgroupMaxSize: 32,
    subgroupMatrixConfigs: configs,
  });
  const device = await openDevice(units);
  expect(device.matrixUnits).toEqual([
    { rows: 8, columns: 16, depth: 32, operands: 'f16', result: 'f32' },
    { rows: 8, columns: 16, depth: 32, operands: 'f32', result: 'f32' },
  ]);
  expect([device.subgroupSize, device.subgroupChoices]).toEqual([32, []]);
  expect(device.device.features.has(sizeFeature)).toBe(false);
  device.close();
});
