import { TapestryError } from '../../client/errors.ts';
import { type Device, openDevice } from '../../client/gpu/device.ts';
import type { Storage } from '../../client/gpu/operation.ts';
import { cachedKernels } from '../../client/host/cache.ts';
import { nodeGpu } from '../../client/host/node.ts';
import type { CachedDecoder } from '../../client/model/cached-decoder.ts';
import { CpuDecoder } from '../../client/model/cpu-decoder.ts';
import { GpuDecoder } from '../../client/model/gpu-decoder.ts';
import type { Model } from './model-folder.ts';

/** `gpu` is any WebGPU adapter, `auto` a graphics card for a large model and otherwise the CPU. */
export const deviceNames = ['auto', 'cpu', 'gpu'] as const;
export type DeviceName = (typeof deviceNames)[number];

/** Parameters. A smaller model makes a token on the CPU before a graphics card is opened and its kernels are compiled. */
const largeModel = 4_000_000;

/** Texts side by side: each costs memory for its keys and values, and beyond these the kernels for few rows end. */
export const mostAtOnce = 8;

export interface OpenedDecoder {
  readonly decoder: CachedDecoder;
  /** "cpu", or the adapter's name. */
  readonly device: string;
}

/**
 * A decoder for up to `texts` texts at once; `storage` is of an adapter's, the CPU has float32 always.
 * Throws what `openDevice` and `GpuDecoder.create` throw, but not for `auto`.
 */
export async function openDecoder(
  name: DeviceName,
  model: Model,
  { texts, storage }: { readonly texts: number; readonly storage: Storage },
): Promise<OpenedDecoder> {
  const { config, layout, parameters } = model;
  // Side by side saves the CPU nothing.
  const onCpu = (): OpenedDecoder => ({
    decoder: new CpuDecoder(config, layout, parameters),
    device: 'cpu',
  });
  if (name === 'cpu' || (name === 'auto' && layout.trained < largeModel)) return onCpu();
  let device: Device | undefined;
  try {
    device = await openDevice(await nodeGpu());
    if (name === 'gpu' || !device.software) {
      const choices = cachedKernels(device);
      const options = { sequences: Math.min(texts, mostAtOnce), storage, choices };
      const decoder = await GpuDecoder.create(device, config, layout, parameters, options);
      return { decoder, device: device.name };
    }
  } catch (error) {
    if (name === 'gpu' || !(error instanceof TapestryError)) throw error;
  }
  device?.close();
  return onCpu();
}
