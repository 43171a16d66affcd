import { expect, test } from 'vitest';
import { openDevice } from '../../../client/gpu/device.ts';
import { nodeGpu, openNodeDevice } from '../../gpu-node.ts';

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

test('without an adapter the error says what is missing and what mends it', async () => {
  const none: GPU = Object.assign(Object.create(nodeGpu()), { requestAdapter: async () => null });
  await expect(openDevice(none)).rejects.toMatchObject({
    code: 'adapter.missing',
    next: expect.stringContaining('npm run setup'),
  });
});

test('devices are told apart', async () => {
  const [first, second] = [await openNodeDevice(), await openNodeDevice()];
  first.close();
  await first.lost;
  expect(await Promise.race([second.lost, Promise.resolve('alive')])).toBe('alive');
  second.close();
});
