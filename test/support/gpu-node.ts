import { create, globals } from 'webgpu';
import { type Device, openDevice } from '../../client/gpu/device.ts';

Object.assign(globalThis, globals);

/** The machine's WebGPU, by Dawn. `flags` are Dawn's own, such as 'backend=null'. */
export function nodeGpu(flags: string[] = []): GPU {
  return create(flags);
}

export function openNodeDevice(): Promise<Device> {
  return openDevice(nodeGpu());
}
