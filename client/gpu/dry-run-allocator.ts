import type { Adapter, Allocator } from './device.ts';

/** Replaces a device to predict memory: it records buffers and creates none. */
export interface DryRunAllocator {
  readonly allocator: Allocator;
  /** Total bytes of the buffers of each label. */
  readonly bytes: ReadonlyMap<string, number>;
}

export function openDryRunAllocator(adapter: Adapter): DryRunAllocator {
  const bytes = new Map<string, number>();
  const createBuffer = (descriptor: GPUBufferDescriptor) => {
    const buffer = new NotedBuffer(descriptor);
    bytes.set(buffer.label, (bytes.get(buffer.label) ?? 0) + buffer.size);
    return buffer;
  };
  const queue = { writeBuffer: () => undefined };
  return { allocator: { ...adapter, device: { createBuffer, queue } }, bytes };
}

/** A buffer with a size and without memory. */
class NotedBuffer implements GPUBuffer {
  declare readonly __brand: 'GPUBuffer';
  readonly label: string;
  readonly size: number;
  readonly usage: number;
  readonly mapState = 'unmapped';

  constructor({ label = '', size, usage }: GPUBufferDescriptor) {
    this.label = label;
    this.size = size;
    this.usage = usage;
  }

  mapAsync(): Promise<undefined> {
    return Promise.reject(new Error(`${this.label} has no memory`));
  }

  getMappedRange(): ArrayBuffer {
    throw new Error(`${this.label} has no memory`);
  }

  unmap(): undefined {}

  destroy(): undefined {}
}
