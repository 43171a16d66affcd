import { create, globals } from 'webgpu';
import { type Device, openDevice } from '../client/gpu/device.ts';

Object.assign(globalThis, globals);

/** Dawn aborts the process once the object that `create` returned is collected while a device lives. */
const kept: GPU[] = [];

/** The machine's WebGPU, by Dawn. `flags` are Dawn's own, such as 'backend=null'. */
export function nodeGpu(flags: string[] = []): GPU {
  const gpu = create(flags);
  kept.push(gpu);
  return gpu;
}

export function openNodeDevice(): Promise<Device> {
  return openDevice(nodeGpu());
}
