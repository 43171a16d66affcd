import type { Adapter, Allocator } from './device.ts';

/** Stands in for a device where only the memory is of interest: buffers are noted, not made. */
export interface Ledger {
  readonly allocator: Allocator;
  /** Bytes of all buffers of a label. */
  readonly bytes: ReadonlyMap<string, number>;
}

export function openLedger(adapter: Adapter): Ledger {
  const bytes = new Map<string, number>();
  const createBuffer = (descriptor: GPUBufferDescriptor) => {
    const buffer = new NotedBuffer(descriptor);
    bytes.set(buffer.label, (bytes.get(buffer.label) ?? 0) + buffer.size);
    return buffer;
  };
  const queue = { writeBuffer: () => undefined };
  return { allocator: { ...adapter, device: { createBuffer, queue } }, bytes };
}

/** A buffer that has a size and no memory. */
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
