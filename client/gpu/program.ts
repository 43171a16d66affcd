import { shaders } from '../../shaders/index.ts';
import type { BindingKind } from '../../shaders/reflect.ts';
import type { Precision } from '../../shaders/shader.ts';
import { allocate } from './allocation.ts';
import { type Lifetime, planArena } from './arena.ts';
import { type Adapter, type Allocator, type Device, tooSmall } from './device.ts';
import { type Choices, chosen, type Operation, type Site, siteOf, type Workgroups } from './operation.ts';
import { type CompiledKernel, compileKernels, type Kernel, kernelKey } from './pipelines.ts';

/** A range of a buffer that outlives the program; offset and size in bytes, the offset a multiple of 256. */
export interface BufferRange {
  readonly buffer: GPUBuffer;
  readonly offset: number;
  readonly size: number;
}

/** An activation: storage that exists only between its first and last use within one run of the program. */
export interface Activation {
  readonly index: number;
  readonly bytes: number;
}

export type Binding = BufferRange | Activation;

interface Recorded {
  readonly kernel: Kernel;
  readonly bindings: Readonly<Record<string, Binding>>;
  readonly words: readonly number[];
  readonly workgroups: Workgroups;
  readonly bytes: number;
}

const uniformStride = 256;
const maxWorkgroups = 65_535;

/** The bits of a float, to store it among a shape's integers. */
export function floatBits(value: number): number {
  return new Uint32Array(new Float32Array([value]).buffer)[0] ?? 0;
}

/** The whole of a buffer. */
export function whole(buffer: GPUBuffer): BufferRange {
  return { buffer, offset: 0, size: buffer.size };
}

export interface ProgramOptions {
  readonly storage?: Precision;
  /** Variants chosen by measurement; for other sites the variant is guessed. */
  readonly choices?: Choices;
}

/** A site of a program, with the size of each of its bindings in bytes. */
export interface RecordedSite extends Site {
  readonly bytes: Readonly<Record<string, number>>;
}

/** The sites of several programs, each operation on each shape once. */
export function distinctSites(sites: readonly RecordedSite[]): RecordedSite[] {
  return [...new Map(sites.map((site) => [site.key, site])).values()];
}

/** Chooses the variants of a program's sites, by new or by stored measurements. */
export type Chooser = (sites: readonly RecordedSite[]) => Promise<Choices>;

/** The buffer of a program's shapes, and the ranges of its activations by their index. */
export interface ProgramMemory {
  readonly shapes: GPUBuffer;
  readonly activations: readonly BufferRange[];
}

/** Records dispatches in the order in which they will run; `build` creates everything they need, once. */
export class ProgramBuilder {
  readonly storage: Precision;
  readonly #adapter: Adapter;
  readonly #choices: Choices;
  readonly #recorded: Recorded[] = [];
  readonly #activations: Activation[] = [];
  readonly #sites = new Map<string, RecordedSite>();
  #unused: Activation | undefined;

  constructor(adapter: Adapter, { storage = 'f32', choices = new Map() }: ProgramOptions = {}) {
    this.#adapter = adapter;
    this.storage = storage;
    this.#choices = choices;
  }

  /** The largest binding, in bytes. */
  get bindingBytes(): number {
    return this.#adapter.bindingBytes;
  }

  /** Number of dispatches recorded so far. */
  get length(): number {
    return this.#recorded.length;
  }

  /** The recorded sites: each operation on each shape once. */
  get sites(): readonly RecordedSite[] {
    return [...this.#sites.values()];
  }

  /** Size of an element in this program's storage, in bytes. */
  get storedBytes(): number {
    return this.storage === 'f16' ? 2 : 4;
  }

  /** A new activation of 32-bit elements. */
  activation(elements: number): Activation {
    return this.#newActivation(elements * 4);
  }

  /** A new activation of elements in this program's storage. */
  stored(elements: number): Activation {
    return this.#newActivation(elements * this.storedBytes);
  }

  /** A writable placeholder for a binding that this use of an operation does not access. */
  unused(): Activation {
    this.#unused ??= this.#newActivation(256);
    return this.#unused;
  }

  #newActivation(bytes: number): Activation {
    const activation = { index: this.#activations.length, bytes };
    this.#activations.push(activation);
    return activation;
  }

  /** Records one dispatch of an operation, with the variant chosen for its shape. Throws TapestryError `device.too-small`. */
  record<Shape>(
    operation: Operation<Shape>,
    shape: Shape,
    bindings: Readonly<Record<string, Binding>>,
  ): void {
    const site = siteOf(operation, shape, this.#adapter, this.storage);
    const { shader, entry, overrides, workgroups } = chosen(site, this.#choices);
    if (workgroups.some((count) => count > maxWorkgroups))
      throw tooSmall(`${operation.name} would need ${workgroups.join(' x ')} workgroups`);
    const bytes = Object.fromEntries(
      Object.entries(bindings).map(([name, bound]) => [name, 'index' in bound ? bound.bytes : bound.size]),
    );
    const largest = Math.max(...Object.values(bytes));
    if (largest > this.bindingBytes)
      throw tooSmall(`${operation.name} binds ${largest} bytes where ${this.bindingBytes} can be bound`);
    const kernel = { shader: shaders[shader], entry, overrides, storage: this.storage };
    const allBytes = Object.values(bytes).reduce((sum, size) => sum + size, 0);
    this.#recorded.push({ kernel, bindings, words: site.words, workgroups, bytes: allBytes });
    if (!this.#sites.has(site.key)) this.#sites.set(site.key, { ...site, bytes });
  }

  /** The lifetime of each activation, in dispatches. */
  get lifetimes(): readonly Lifetime[] {
    const uses = this.#activations.map(() => new Map<number, BindingKind>());
    this.#recorded.forEach(({ kernel, bindings }, at) => {
      const declared = kernel.shader.entryPoints[kernel.entry] ?? {};
      for (const [name, { kind }] of Object.entries(declared)) {
        const binding = bindings[name];
        if (binding !== undefined && 'index' in binding) uses[binding.index]?.set(at, kind);
      }
    });
    return this.#activations.map(({ bytes, index }) => {
      const own = uses[index] ?? new Map<number, BindingKind>();
      return { bytes, first: Math.min(...own.keys()), last: Math.max(...own.keys()), uses: own };
    });
  }

  /** Allocates the memory of the recorded dispatches: the shapes, and buffers for the activations. */
  allocate({ device }: Allocator): ProgramMemory {
    const words = new Uint32Array((Math.max(1, this.#recorded.length) * uniformStride) / 4);
    this.#recorded.forEach(({ words: shape }, index) => {
      words.set(shape, (index * uniformStride) / 4);
    });
    const { UNIFORM, COPY_DST, STORAGE } = GPUBufferUsage;
    const shapes = device.createBuffer({
      label: 'shapes',
      size: words.byteLength,
      usage: UNIFORM | COPY_DST,
    });
    device.queue.writeBuffer(shapes, 0, words);
    const { buffers, places } = planArena(this.lifetimes);
    const made = buffers.map((size) => device.createBuffer({ label: 'activations', size, usage: STORAGE }));
    const activations = this.#activations.flatMap(({ bytes, index }) => {
      const { buffer = -1, offset = 0 } = places[index] ?? {};
      return made[buffer] ? [{ buffer: made[buffer], offset, size: bytes }] : [];
    });
    return { shapes, activations };
  }

  /** Compiles the kernels and creates buffers and bind groups. Throws TapestryError `shader.invalid` or `device.too-small`. */
  async build(device: Device): Promise<Program> {
    const compiled = await compileKernels(
      device.device,
      this.#recorded.map(({ kernel }) => kernel),
    );
    const { made: memory, free } = await allocate(device, (allocator) => this.allocate(allocator));
    try {
      const dispatches = this.#recorded.map((recorded, index) => {
        const kernel = compiled.get(kernelKey(recorded.kernel));
        if (kernel === undefined) throw new Error(`${recorded.kernel.entry} was not compiled`);
        const shape = { buffer: memory.shapes, offset: index * uniformStride, size: uniformStride };
        return {
          pipeline: kernel.pipeline,
          group: makeGroup(device.device, recorded, kernel, shape, memory.activations),
          workgroups: recorded.workgroups,
          bytes: recorded.bytes,
        };
      });
      return new Program(dispatches, free);
    } catch (error) {
      free();
      throw error;
    }
  }
}

function makeGroup(
  device: GPUDevice,
  { kernel, bindings }: Recorded,
  { layout, bindings: declared }: CompiledKernel,
  shape: BufferRange,
  activations: readonly BufferRange[],
): GPUBindGroup {
  const label = `${kernel.shader.name}.${kernel.entry}`;
  return device.createBindGroup({
    label,
    layout,
    entries: Object.entries(declared).map(([name, { binding }]) => {
      const bound = name === 'shape' ? shape : bindings[name];
      if (bound === undefined) throw new Error(`${label} has nothing bound to ${name}`);
      const range = 'index' in bound ? activations[bound.index] : bound;
      if (range === undefined) throw new Error(`${label} binds an activation of another program`);
      return { binding, resource: { ...range } };
    }),
  });
}

interface Dispatch {
  readonly pipeline: GPUComputePipeline;
  readonly group: GPUBindGroup;
  readonly workgroups: Workgroups;
  readonly bytes: number;
}

/** A list of dispatches with all buffers, bind groups and pipelines created in advance: running it allocates nothing. */
export class Program {
  readonly #dispatches: readonly Dispatch[];
  /** Destroys the program's own buffers. */
  readonly close: () => void;

  constructor(dispatches: readonly Dispatch[], close: () => void) {
    this.#dispatches = dispatches;
    this.close = close;
  }

  get length(): number {
    return this.#dispatches.length;
  }

  /** The total size of the bindings of each dispatch from `first` on, in bytes. */
  bytes(first = 0): number[] {
    return this.#dispatches.slice(first).map(({ bytes }) => bytes);
  }

  /** Encodes the dispatches from `first` up to but excluding `end`; each sees the writes of the earlier ones. */
  encode(pass: GPUComputePassEncoder, first = 0, end = this.length): void {
    let current: GPUComputePipeline | undefined;
    for (let i = first; i < end; i++) {
      const dispatch = this.#dispatches[i];
      if (dispatch === undefined) return;
      if (dispatch.pipeline !== current) pass.setPipeline(dispatch.pipeline);
      current = dispatch.pipeline;
      pass.setBindGroup(0, dispatch.group);
      pass.dispatchWorkgroups(...dispatch.workgroups);
    }
  }
}
