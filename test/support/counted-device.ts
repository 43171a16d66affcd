import type { Device } from '../../client/gpu/device.ts';

/** The calls to a GPU device that a test may replace. */
export interface Planted {
  /** Called with the number of buffers made so far before the next one is made. */
  readonly createBuffer?: (made: number) => void;
  readonly createComputePipelineAsync?: () => Promise<GPUComputePipeline>;
  /** Replaces the error that a scope found. */
  readonly popErrorScope?: () => Promise<GPUError | null>;
}

/** A device whose buffers are counted. */
export interface CountedDevice {
  readonly device: Device;
  /** Buffers that were made, and their bytes. */
  made(): number;
  bytes(): number;
  /** Buffers that were not destroyed, and those among them that have a label. */
  alive(): number;
  labelled(label: string): GPUBuffer[];
  /** Error scopes that are open. */
  scopes(): number;
}

/** Counts the buffers of a device, and plants faults in it. */
export function countBuffers(device: Device, planted: Planted = {}): CountedDevice {
  const alive = new Set<GPUBuffer>();
  let made = 0;
  let bytes = 0;
  let scopes = 0;
  const gpu = new Proxy(device.device, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key, target);
      if (typeof value !== 'function') return value;
      return (...given: unknown[]) => {
        if (key === 'createComputePipelineAsync' && planted.createComputePipelineAsync)
          return planted.createComputePipelineAsync();
        if (key === 'createBuffer') planted.createBuffer?.(made);
        const result: unknown = value.apply(target, given);
        if (key === 'pushErrorScope') scopes++;
        if (key === 'popErrorScope') scopes--;
        if (key === 'popErrorScope' && planted.popErrorScope) return planted.popErrorScope();
        if (!(result instanceof GPUBuffer)) return result;
        made++;
        bytes += result.size;
        alive.add(result);
        const destroy = result.destroy.bind(result);
        result.destroy = () => {
          alive.delete(result);
          return destroy();
        };
        return result;
      };
    },
  });
  return {
    device: { ...device, device: gpu },
    made: () => made,
    bytes: () => bytes,
    alive: () => alive.size,
    labelled: (label) => [...alive].filter((buffer) => buffer.label === label),
    scopes: () => scopes,
  };
}
