import { tooSmall } from '../../client/gpu/device.ts';

/** Adapters whose devices a test can count and make lost. */
export function watchDevices(gpu: GPU, onDevice: (device: GPUDevice) => void): GPU {
  return new Proxy(gpu, {
    get(target, name) {
      if (name !== 'requestAdapter') return Reflect.get(target, name, target);
      return async (options?: GPURequestAdapterOptions) => {
        const adapter = await target.requestAdapter(options);
        if (adapter === null) return null;
        return new Proxy(adapter, {
          get(inner, key) {
            const value: unknown = Reflect.get(inner, key, inner);
            if (key !== 'requestDevice') return typeof value === 'function' ? value.bind(inner) : value;
            return async (descriptor?: GPUDeviceDescriptor) => {
              const device = await inner.requestDevice(descriptor);
              onDevice(device);
              return device;
            };
          },
        });
      };
    },
  });
}

/** Devices without the memory for a vector of so many bytes, as a trainer has. */
export function withoutRoomFor(gpu: GPU, bytes: number): GPU {
  return watchDevices(gpu, (device) => {
    const create = device.createBuffer.bind(device);
    device.createBuffer = (descriptor) => {
      if (descriptor.label === 'gradient' && descriptor.size === bytes) throw tooSmall('a gradient');
      return create(descriptor);
    };
  });
}

/** JavaScript after which a whole process or worker has only such devices: there no adapter can be handed over. */
export function scriptWithoutRoomFor(bytes: number): string {
  return `{
    const create = GPUDevice.prototype.createBuffer;
    GPUDevice.prototype.createBuffer = function (asked) {
      const isVector = asked.label === 'gradient' && asked.size === ${bytes};
      return create.call(this, isVector ? { ...asked, size: this.limits.maxBufferSize + 4 } : asked);
    };
  }
`;
}

/** The i-th device that is opened is lost at its `losses[i]`-th submit; devices after the last of them are not lost. */
export function losingDevices(gpu: GPU, losses: readonly number[]): GPU {
  let opened = 0;
  return watchDevices(gpu, (device) => {
    const last = losses[opened++] ?? Number.POSITIVE_INFINITY;
    const submit = device.queue.submit.bind(device.queue);
    let submits = 0;
    device.queue.submit = (buffers) => {
      submit(buffers);
      if (++submits === last) device.destroy();
    };
  });
}
