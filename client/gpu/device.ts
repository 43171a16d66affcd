import { TapestryError } from '../errors.ts';

/** An opened adapter. `lost` resolves once, whether the driver took the device away or `close` gave it back. */
export interface Device {
  readonly device: GPUDevice;
  /** For people: "NVIDIA H100", "llvmpipe (software)". */
  readonly name: string;
  /** Whether the "GPU" is this machine's own processor. */
  readonly software: boolean;
  /** Lanes of a subgroup, where shaders may use subgroups and all have as many; otherwise 0. */
  readonly subgroupSize: number;
  readonly lost: Promise<GPUDeviceLostInfo>;
  close(): void;
}

/** Never let go: Dawn in Node aborts the process when its GPU object is collected before one of its devices. */
const opened = new Set<GPU>();

/** Opens the fastest adapter with its real limits. Throws TapestryError `adapter.missing`. */
export async function openDevice(gpu: GPU): Promise<Device> {
  opened.add(gpu);
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
  if (adapter === null)
    throw new TapestryError(
      'adapter.missing',
      'no WebGPU adapter: neither a graphics card with a Vulkan, Metal or Direct3D 12 driver nor a software one was found',
      'run `npm run setup`: it installs a software adapter, or says how; in a browser, turn on hardware acceleration',
    );
  const { limits, info } = adapter;
  const subgroups = adapter.features.has('subgroups');
  const device = await adapter.requestDevice({
    requiredFeatures: subgroups ? ['subgroups'] : [],
    requiredLimits: {
      maxBufferSize: limits.maxBufferSize,
      maxStorageBufferBindingSize: limits.maxStorageBufferBindingSize,
    },
  });
  const described = [info.vendor, info.architecture, info.device, info.description].join(' ');
  const software =
    info.isFallbackAdapter || /llvmpipe|lavapipe|swiftshader|softpipe|basic render/i.test(described);
  const name = nameOf(info, software);
  const subgroupSize = subgroups && info.subgroupMinSize === info.subgroupMaxSize ? info.subgroupMinSize : 0;
  return { device, name, software, subgroupSize, lost: device.lost, close: () => device.destroy() };
}

/** Browsers leave `description` empty and give vendor and architecture only. */
function nameOf(info: GPUAdapterInfo, software: boolean): string {
  const spoken =
    info.description || [info.vendor, info.architecture].filter(Boolean).join(' ') || info.device;
  const short = spoken.replace(/ ?[:(].*$/, '').trim() || 'an unnamed adapter';
  return software ? `${short} (software)` : short;
}

/** What every promise rejects with once the device is gone. */
export function lostError(reason: string): TapestryError {
  return new TapestryError(
    'device.lost',
    `the GPU device was lost: ${reason}`,
    'open the device again and redo the step from the last saved state',
  );
}
