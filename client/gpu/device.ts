import { TapestryError } from '../errors.ts';
import type { Storage } from './operation.ts';

/** What decides which kernels an adapter can run, and which are likely fast. */
export interface Adapter {
  /** Whether the "GPU" is this machine's own processor. */
  readonly software: boolean;
  /** Lanes of a subgroup, where shaders may use subgroups and all have as many; otherwise 0. */
  readonly subgroupSize: number;
  /** Where not all have as many: the numbers of lanes that a kernel may ask for. */
  readonly subgroupChoices: readonly number[];
  /** Whether shaders may use 16-bit floats. */
  readonly f16: boolean;
  /** What its tensor cores multiply; none where shaders cannot use them. */
  readonly matrixUnits: readonly MatrixUnit[];
  /** Bytes of workgroup memory, and invocations of one workgroup. */
  readonly workgroupBytes: number;
  readonly workgroupInvocations: number;
  /** Bytes of a buffer, and of what a kernel sees of it. */
  readonly bufferBytes: number;
  readonly bindingBytes: number;
}

/** What makes and fills buffers: an opened device, or a ledger (ledger.ts) that only adds them up. */
export interface Allocator extends Adapter {
  readonly device: Pick<GPUDevice, 'createBuffer'> & { readonly queue: Pick<GPUQueue, 'writeBuffer'> };
}

/** Whether subgroups have 8 lanes: the vectors of a CPU adapter, which some kernels are written for. */
export function hasLanesOfEight({ subgroupSize }: Adapter): boolean {
  return subgroupSize === 8;
}

/**
 * Whether this is a CPU adapter as SwiftShader is, which some kernels are written for: llvmpipe may have 4 lanes, too, but has
 * 16-bit floats, and keeps in registers what SwiftShader keeps in memory.
 */
export function isLikeSwiftShader({ software, subgroupSize, f16 }: Adapter): boolean {
  return software && subgroupSize === 4 && !f16;
}

/** Multiplies (rows, depth) by (depth, columns) at once, by one subgroup. */
export interface MatrixUnit {
  readonly rows: number;
  readonly columns: number;
  readonly depth: number;
  readonly operands: Storage;
  readonly result: Storage;
}

/** An opened adapter. `lost` resolves once, whether the driver took the device away or `close` gave it back. */
export interface Device extends Allocator {
  readonly device: GPUDevice;
  /** For people: "NVIDIA H100", "llvmpipe (software)". */
  readonly name: string;
  /** All that the driver says of itself and its hardware: another driver, another identity. */
  readonly identity: string;
  readonly lost: Promise<GPUDeviceLostInfo>;
  close(): void;
}

/** What does not fit an adapter, or its memory. */
export function tooSmall(what: string, next = 'choose a smaller preset, batch or sequence'): TapestryError {
  return new TapestryError('device.too-small', `the model does not fit this adapter: ${what}`, next);
}

/** Throws TapestryError `device.no-f16` where shaders have no such floats. */
export function requireStorage({ f16, name }: Device, storage: Storage): void {
  if (storage === 'f16' && !f16)
    throw new TapestryError(
      'device.no-f16',
      `${name} has no 16-bit floats in shaders`,
      'use f32 storage on it',
    );
}

/** Never let go: Dawn in Node aborts the process when its GPU object is collected before one of its devices. */
const opened = new Set<GPU>();

/** Bytes, where less than the adapter's own limits is to be used. WebGPU itself grants no less than its defaults. */
export interface DeviceLimits {
  readonly maxBuffer?: number;
  readonly maxBinding?: number;
}

/** Opens the fastest adapter with its real limits, or lower ones. Throws TapestryError `adapter.missing`. */
export async function openDevice(
  gpu: GPU,
  { maxBuffer = Infinity, maxBinding = Infinity }: DeviceLimits = {},
): Promise<Device> {
  opened.add(gpu);
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
  if (adapter === null)
    throw new TapestryError(
      'adapter.missing',
      'no WebGPU adapter: neither a graphics card with a Vulkan, Metal or Direct3D 12 driver nor a software one was found',
      'run `npm run setup`: it installs a software adapter, or says how; in a browser, turn on hardware acceleration',
    );
  const { limits, info } = adapter;
  // The experimental feature has no name in the types of WebGPU yet.
  const has = (feature: string): feature is GPUFeatureName => adapter.features.has(feature);
  const subgroups = has('subgroups');
  const f16 = has('shader-f16');
  const matrixUnits = subgroups && has(matrixFeature) ? matrixUnitsOf(info) : [];
  const { subgroupMinSize = 0, subgroupMaxSize = 0 } = info;
  const varying = subgroups && subgroupMinSize !== subgroupMaxSize;
  const features: string[] = ['subgroups', 'shader-f16', matrixFeature, ...(varying ? [sizeFeature] : [])];
  const device = await adapter.requestDevice({
    requiredFeatures: features.filter(has),
    requiredLimits: {
      maxBufferSize: limits.maxBufferSize,
      maxStorageBufferBindingSize: limits.maxStorageBufferBindingSize,
      maxComputeWorkgroupStorageSize: limits.maxComputeWorkgroupStorageSize,
      maxComputeInvocationsPerWorkgroup: limits.maxComputeInvocationsPerWorkgroup,
      maxComputeWorkgroupSizeX: limits.maxComputeWorkgroupSizeX,
    },
  });
  const described = [info.vendor, info.architecture, info.device, info.description].join(' ');
  const software =
    info.isFallbackAdapter || /llvmpipe|lavapipe|swiftshader|softpipe|basic render/i.test(described);
  const name = nameOf(info, software);
  const bufferBytes = Math.min(limits.maxBufferSize, maxBuffer);
  return {
    device,
    name,
    identity: described,
    software,
    subgroupSize: subgroups && !varying ? subgroupMinSize : 0,
    subgroupChoices: varying && has(sizeFeature) ? powersOfTwo(subgroupMinSize, subgroupMaxSize) : [],
    f16,
    matrixUnits,
    workgroupBytes: limits.maxComputeWorkgroupStorageSize,
    workgroupInvocations: limits.maxComputeInvocationsPerWorkgroup,
    bufferBytes,
    bindingBytes: Math.min(limits.maxStorageBufferBindingSize, bufferBytes, maxBinding),
    lost: device.lost,
    close: () => device.destroy(),
  };
}

/** Lets kernels ask for a size of subgroups; asked of a device only where there are several, so that pipelines.ts can tell. */
export const sizeFeature = 'subgroup-size-control';

function powersOfTwo(least: number, most: number): number[] {
  return least < 1 || least > most ? [] : [least, ...powersOfTwo(2 * least, most)];
}

/** Dawn's experiment with tensor cores; the standard has no such feature yet. */
const matrixFeature = 'chromium-experimental-subgroup-matrix';

function isIterable(value: unknown): value is Iterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.iterator in value;
}

/** Reads what the experiment adds to the adapter's description; anything of another form counts as absent. */
function matrixUnitsOf(info: GPUAdapterInfo): MatrixUnit[] {
  const listed: unknown = Reflect.get(info, 'subgroupMatrixConfigs');
  if (!isIterable(listed)) return [];
  const units: MatrixUnit[] = [];
  for (const config of listed) {
    if (typeof config !== 'object' || config === null) continue;
    const [rows, columns, depth, operands, result] = [
      'M',
      'N',
      'K',
      'componentType',
      'resultComponentType',
    ].map((key): unknown => Reflect.get(config, key));
    const isSize = (size: unknown): size is number => typeof size === 'number';
    const isFloat = (type: unknown): type is Storage => type === 'f32' || type === 'f16';
    if (isSize(rows) && isSize(columns) && isSize(depth) && isFloat(operands) && isFloat(result))
      units.push({ rows, columns, depth, operands, result });
  }
  return units;
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
