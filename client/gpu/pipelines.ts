import type { BindingKind, Bindings } from '../../shaders/reflect.ts';
import { type Precision, type Shader, sourceAsking, sourceFor } from '../../shaders/shader.ts';
import { TapestryError } from '../errors.ts';
import { sizeFeature } from './device.ts';
import type { Overrides } from './operation.ts';

/** An entry point of a shader with all values that are fixed at compilation. */
export interface Kernel {
  readonly shader: Shader;
  readonly entry: string;
  readonly overrides: Overrides;
  readonly storage: Precision;
}

export interface CompiledKernel {
  readonly pipeline: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
  readonly bindings: Bindings;
}

/** Equal kernels have equal keys and share a pipeline. */
export function kernelKey({ shader, entry, overrides, storage }: Kernel): string {
  return JSON.stringify([shader.name, entry, overrides, storage]);
}

/** The kernels of each device that its programs have compiled: compiling takes most of the time until the first step. */
const compiledOn = new WeakMap<GPUDevice, Map<string, Promise<CompiledKernel>>>();

/**
 * Compiles all kernels at once; the driver works on them in parallel. Programs on the same device share their pipelines. Throws
 * TapestryError `shader.invalid`.
 */
export async function compileKernels(
  device: GPUDevice,
  kernels: Iterable<Kernel>,
): Promise<Map<string, CompiledKernel>> {
  const known = compiledOn.get(device) ?? new Map<string, Promise<CompiledKernel>>();
  compiledOn.set(device, known);
  const wanted = new Map([...kernels].map((kernel) => [kernelKey(kernel), kernel]));
  const missing = [...wanted].filter(([key]) => !known.has(key)).map(([, kernel]) => kernel);
  for (const [key, kernel] of startCompiling(device, missing)) {
    known.set(key, kernel);
    // The next program tries again.
    kernel.catch(() => known.delete(key));
  }
  const compiling = [...wanted.keys()].map(async (key) => [key, await known.get(key)] as const);
  const compiled = await Promise.all(compiling);
  return new Map(compiled.flatMap(([key, kernel]) => (kernel === undefined ? [] : [[key, kernel]])));
}

/** Starts to compile all kernels, like `compileKernels`, but returns one promise per kernel, which may reject separately. */
export function startCompiling(
  device: GPUDevice,
  kernels: Iterable<Kernel>,
): Map<string, Promise<CompiledKernel>> {
  const distinct = new Map([...kernels].map((kernel) => [kernelKey(kernel), kernel]));
  const modules = new Map<string, Promise<GPUShaderModule>>();
  const textFor = device.features.has(sizeFeature) ? sourceAsking : sourceFor;
  const compile = async (kernel: Kernel): Promise<CompiledKernel> => {
    const { shader, storage, overrides } = kernel;
    const text = textFor(shader, storage, overrides);
    const module = modules.get(text) ?? compileModule(device, shader, text);
    modules.set(text, module);
    return compileKernel(device, kernel, await module);
  };
  return new Map([...distinct].map(([key, kernel]) => [key, compile(kernel)]));
}

async function compileModule(device: GPUDevice, shader: Shader, code: string): Promise<GPUShaderModule> {
  device.pushErrorScope('validation');
  const module = device.createShaderModule({ label: shader.name, code });
  const scope = device.popErrorScope();
  const { messages } = await module.getCompilationInfo();
  const errors = messages.filter((message) => message.type === 'error');
  const error = await scope;
  if (errors.length > 0 || error !== null)
    throw invalid(
      shader.name,
      errors.map((e) => `${shader.placeOf(e.lineNum)}: ${e.message}`).join('; ') || (error?.message ?? ''),
    );
  return module;
}

async function compileKernel(
  device: GPUDevice,
  kernel: Kernel,
  module: GPUShaderModule,
): Promise<CompiledKernel> {
  const { shader, entry } = kernel;
  const bindings = shader.entryPoints[entry];
  if (bindings === undefined) throw invalid(shader.name, `no entry point ${entry}`);
  const label = `${shader.name}.${entry}`;
  const layout = device.createBindGroupLayout({
    label,
    entries: Object.values(bindings).map(({ binding, kind }) => ({
      binding,
      visibility: GPUShaderStage.COMPUTE,
      buffer: { type: bufferType[kind] },
    })),
  });
  const constants = Object.fromEntries(
    shader.overrides.map((name) => [name, requiredValue(kernel.overrides, name, shader)]),
  );
  try {
    const pipeline = await device.createComputePipelineAsync({
      label,
      layout: device.createPipelineLayout({ label, bindGroupLayouts: [layout] }),
      compute: { module, entryPoint: entry, constants },
    });
    return { pipeline, layout, bindings };
  } catch (error) {
    throw invalid(label, error instanceof Error ? error.message : String(error));
  }
}

const bufferType = {
  uniform: 'uniform',
  read: 'read-only-storage',
  write: 'storage',
} as const satisfies Record<BindingKind, GPUBufferBindingType>;

function requiredValue(values: Overrides, name: string, shader: Shader): number {
  const value = values[name];
  if (value === undefined) throw invalid(shader.name, `no value for ${name}`);
  return value;
}

function invalid(name: string, reason: string): TapestryError {
  return new TapestryError(
    'shader.invalid',
    `The shader ${name} does not compile on this adapter: ${reason}`,
    'Update the graphics driver or the browser; if the error persists, report this message.',
  );
}
