import { type Allocator, type Device, tooSmall } from './device.ts';

/** An allocated value, with a function that destroys all of its buffers. */
export interface Allocation<Made> {
  readonly made: Made;
  free(): void;
}

/**
 * Creates buffers by `make`. If it throws, or the GPU is out of memory, the buffers created so far are destroyed. Rejects with
 * the error of `make`, or with the error that `refuse` makes of the GPU's message (TapestryError `device.too-small` by default).
 */
export async function allocate<Made>(
  device: Device,
  make: (allocator: Allocator) => Made,
  refuse: (message: string) => Error = tooSmall,
): Promise<Allocation<Made>> {
  const { device: gpu } = device;
  const buffers: GPUBuffer[] = [];
  const free = () => {
    for (const buffer of buffers) buffer.destroy();
  };
  const createBuffer = (descriptor: GPUBufferDescriptor) => {
    const buffer = gpu.createBuffer(descriptor);
    buffers.push(buffer);
    return buffer;
  };
  const problems: Promise<GPUError | null>[] = [];
  gpu.pushErrorScope('out-of-memory');
  gpu.pushErrorScope('validation');
  try {
    const made = make({ ...device, device: { createBuffer, queue: gpu.queue } });
    problems.push(gpu.popErrorScope(), gpu.popErrorScope());
    for (const problem of await Promise.all(problems)) if (problem) throw refuse(problem.message);
    return { made, free };
  } catch (error) {
    if (problems.length === 0) await Promise.allSettled([gpu.popErrorScope(), gpu.popErrorScope()]);
    free();
    throw error;
  }
}

/** Waits for all of `making`. If any rejects, closes the values of the others and throws the first rejection. */
export async function allOrNone<Made extends readonly { close(): void }[]>(
  making: {
    readonly [Index in keyof Made]: Promise<Made[Index]>;
  },
): Promise<Made> {
  try {
    return await Promise.all(making);
  } catch (error) {
    for (const one of await Promise.allSettled(making)) if (one.status === 'fulfilled') one.value.close();
    throw error;
  }
}
