import { afterAll, beforeAll, expect, test } from 'vitest';
import { allOrNone } from '../../../client/gpu/allocation.ts';
import { type Device, lostError } from '../../../client/gpu/device.ts';
import { GpuDecoder } from '../../../client/model/generate/gpu-decoder.ts';
import { initialParameters } from '../../../client/model/parameters.ts';
import { Trainer, type TrainerOptions } from '../../../client/train/trainer.ts';
import { countBuffers, type Planted } from '../../support/counted-device.ts';
import { openNodeDevice } from '../../support/gpu-node.ts';
import { config, layout, settings, shape } from '../../support/train/small-run.ts';

let device: Device;
beforeAll(async () => {
  device = await openNodeDevice();
});
afterAll(() => device.close());

const makers: Readonly<
  Record<string, (device: Device, options: Pick<TrainerOptions, 'choices'>) => Promise<{ close(): void }>>
> = {
  trainer: (on, options) => Trainer.create(on, config, shape, settings, options),
  decoder: (on, options) =>
    GpuDecoder.create(on, config, layout, initialParameters(config, layout, 1), { sequences: 2, ...options }),
};

const refuse = (message: string) => () => Promise.reject(new Error(message));
const failures: readonly (readonly [string, Planted, Pick<TrainerOptions, 'choices'>])[] = [
  ['kernels cannot be chosen', {}, { choices: refuse('not measured') }],
  ['a kernel does not compile', { createComputePipelineAsync: refuse('not compiled') }, {}],
  [
    'the GPU has no memory left',
    { popErrorScope: () => Promise.resolve(new GPUOutOfMemoryError('no memory')) },
    {},
  ],
  ['the device is lost', { popErrorScope: () => Promise.reject(lostError('unplugged')) }, {}],
];

for (const [what, make] of Object.entries(makers)) {
  test.each(failures)(`a ${what} that cannot be made leaves no buffer: %s`, async (_, planted, options) => {
    const counted = countBuffers(device, planted);
    await expect(make(counted.device, options)).rejects.toThrow();
    expect(counted.made()).toBeGreaterThan(0);
    expect(counted.alive()).toBe(0);
    expect(counted.scopes()).toBe(0);
  });

  test(`a ${what} leaves no buffer after one of them cannot be made, and none after it is closed`, async () => {
    const whole = countBuffers(device);
    const made = await make(whole.device, {});
    expect(whole.alive()).toBe(whole.made());
    made.close();
    expect(whole.alive()).toBe(0);
    for (let last = 0; last < whole.made(); last += 3) {
      const counted = countBuffers(device, {
        createBuffer: (before) => {
          if (before === last) throw new RangeError('no such buffer');
        },
      });
      await expect(make(counted.device, {})).rejects.toThrow('no such buffer');
      expect(counted.made()).toBeGreaterThanOrEqual(last);
      expect(counted.alive()).toBe(0);
      expect(counted.scopes()).toBe(0);
    }
  });
}

test('when one of several resources cannot be made, those made later are closed', async () => {
  let closed = 0;
  const late = Promise.withResolvers<{ close(): void }>();
  const all = allOrNone([Promise.reject(new Error('first')), late.promise]);
  late.resolve({ close: () => closed++ });
  await expect(all).rejects.toThrow('first');
  expect(closed).toBe(1);
});
