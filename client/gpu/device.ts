import type { Precision } from '../../shaders/shader.ts';
import { TapestryError } from '../errors.ts';

/** The properties of an adapter that decide which kernels it can run, and which are likely fast. */
export interface Adapter {
  /** True if the "GPU" is this machine's own processor. */
  readonly software: boolean;
  /** Lanes of a subgroup if shaders may use subgroups and all have the same size; otherwise 0. */
  readonly subgroupSize: number;
  /** If subgroup sizes vary: the sizes that a kernel may request. */
  readonly subgroupChoices: readonly number[];
  /** True if shaders may use 16-bit floats. */
  readonly f16: boolean;
  /** The shapes that its tensor cores multiply; empty if shaders cannot use them. */
  readonly matrixUnits: readonly MatrixUnit[];
  /** Limits of a workgroup: bytes of memory, and invocations. */
  readonly workgroupBytes: number;
  readonly workgroupInvocations: number;
  /** Limits in bytes of a buffer, and of a binding. */
  readonly bufferBytes: number;
  readonly bindingBytes: number;
}

/** Creates and writes buffers: an opened device, or a dry run (dry-run-allocator.ts) that only adds up their sizes. */
export interface Allocator extends Adapter {
  readonly device: Pick<GPUDevice, 'createBuffer'> & { readonly queue: Pick<GPUQueue, 'writeBuffer'> };
}

/** True if subgroups have 8 lanes, like the vectors of a CPU adapter that some kernels are written for. */
export function hasLanesOfEight({ subgroupSize }: Adapter): boolean {
  return subgroupSize === 8;
}

/**
 * True if this is a CPU adapter like SwiftShader, which some kernels are written for. llvmpipe may also have 4 lanes, but it
 * has 16-bit floats, and keeps values in registers that SwiftShader keeps in memory.
 */
export function isLikeSwiftShader({ software, subgroupSize, f16 }: Adapter): boolean {
  return software && subgroupSize === 4 && !f16;
}

/** A subgroup multiplies (rows, depth) by (depth, columns) in one instruction. */
export interface MatrixUnit {
  readonly rows: number;
  readonly columns: number;
  readonly depth: number;
  readonly operands: Precision;
  readonly result: Precision;
}

/** An opened adapter. `lost` resolves once, when the device is lost or closed. */
export interface Device extends Allocator {
  readonly device: GPUDevice;
  /** A name to show, like "NVIDIA H100" or "llvmpipe (software)". */
  readonly name: string;
  /** Everything that the driver reports about itself and its hardware; it changes with the driver. */
  readonly identity: string;
  readonly lost: Promise<GPUDeviceLostInfo>;
  close(): void;
}

/** Error `device.too-small`: `what` exceeds a limit of the adapter, or its memory. */
export function tooSmall(what: string, next = 'choose a smaller preset, batch or sequence'): TapestryError {
  return new TapestryError('device.too-small', `the model does not fit this adapter: ${what}`, next);
}

/** True for the errors of `tooSmall`. */
export function isTooSmall(error: unknown): error is TapestryError {
  return error instanceof TapestryError && error.code === 'device.too-small';
}

/** Throws TapestryError `device.no-f16` if `storage` is f16 and shaders have no 16-bit floats. */
export function requireStorage({ f16, name }: Device, storage: Precision): void {
  if (storage === 'f16' && !f16)
    throw new TapestryError(
      'device.no-f16',
      `${name} has no 16-bit floats in shaders`,
      'use f32 storage on it',
    );
}

/** Keeps every GPU object alive: Dawn in Node aborts the process if one is garbage-collected before its devices. */
const opened = new Set<GPU>();

/** Limits in bytes that are lower than the adapter's. WebGPU grants no less than its default limits. */
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
  // WebGPU's types do not have the experimental feature yet.
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

/** Lets kernels request a subgroup size. Devices are opened with it only if there are several sizes, which pipelines.ts checks. */
export const sizeFeature = 'subgroup-size-control';

function powersOfTwo(least: number, most: number): number[] {
  return least < 1 || least > most ? [] : [least, ...powersOfTwo(2 * least, most)];
}

/** Dawn's experimental feature for tensor cores; the standard has none yet. */
const matrixFeature = 'chromium-experimental-subgroup-matrix';

function isIterable(value: unknown): value is Iterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.iterator in value;
}

/** Reads the fields that the experimental feature adds to the adapter's info; a field of another form counts as absent. */
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
    const isFloat = (type: unknown): type is Precision => type === 'f32' || type === 'f16';
    if (isSize(rows) && isSize(columns) && isSize(depth) && isFloat(operands) && isFloat(result))
      units.push({ rows, columns, depth, operands, result });
  }
  return units;
}

/** Browsers leave `description` empty and report only vendor and architecture. */
function nameOf(info: GPUAdapterInfo, software: boolean): string {
  const spoken =
    info.description || [info.vendor, info.architecture].filter(Boolean).join(' ') || info.device;
  const short = spoken.replace(/ ?[:(].*$/, '').trim() || 'an unnamed adapter';
  return software ? `${short} (software)` : short;
}

/** The error that every promise rejects with once the device is lost. */
export function lostError(reason: string): TapestryError {
  return new TapestryError(
    'device.lost',
    `the GPU device was lost: ${reason}`,
    'open the device again and redo the step from the last saved state',
  );
}
