import { shaders } from '../../../shaders/index.ts';
import type { BindingDeclaration, Bindings } from '../../../shaders/reflect.ts';
import type { Precision } from '../../../shaders/shader.ts';
import { TapestryError } from '../../errors.ts';
import { Random } from '../../random.ts';
import { type Device, lostError } from '../device.ts';
import type { Candidate, Workgroups } from '../operation.ts';
import { type CompiledKernel, type Kernel, kernelKey, startCompiling } from '../pipelines.ts';
import type { RecordedSite } from '../program.ts';
import { Readback } from '../readback.ts';
import { Noise, valuesOfHalves } from './noise.ts';

/** Runs candidates: on a GPU, or simulated in tests. */
export interface Trials {
  /** Why a candidate must not be used at a site; null if its numbers agree with the site's reference. */
  refusal(site: RecordedSite, candidate: Candidate): Promise<string | null>;
  /** The duration of `repetitions` dispatches in a row, in milliseconds. */
  time(site: RecordedSite, candidate: Candidate, repetitions: number): Promise<number>;
}

/** The largest relative error of a variant: the norm of its difference from the reference over the norm of the reference. */
const tolerance = { f32: 1e-4, f16: 5e-3 } as const satisfies Record<Precision, number>;

/** Limit on the scratch memory of trials, besides the model's own memory. */
const mostScratchBytes = { software: 2 ** 29, graphics: 2 ** 30 };
const uniformBytes = 256;

/** Kernels of this many sites are compiled at a time. */
const sitesAhead = 4;

/** The sites with a choice that can be tried on random values within the limit on scratch memory. */
export function triable(device: Device, sites: readonly RecordedSite[]): RecordedSite[] {
  const limit = device.software ? mostScratchBytes.software : mostScratchBytes.graphics;
  const taken: RecordedSite[] = [];
  for (const site of sites) {
    const known = storageBindings(site).every(
      (name) => formatOf(site, name) !== 'indices' || site.indices[name] !== undefined,
    );
    const bytes = scratchSizes([...taken, site]).reduce((sum, size) => sum + size, 0);
    if (site.candidates.length > 1 && known && bytes <= limit) taken.push(site);
  }
  return taken;
}

/** A candidate that compiled, with the scratch buffers bound. */
interface Ready {
  readonly pipeline: GPUComputePipeline;
  readonly group: GPUBindGroup;
  readonly workgroups: Workgroups;
  /** The time of a dispatch, once known; used to sleep through most of the wait. */
  milliseconds: number;
}

/** The site whose inputs are in the scratch buffers. */
interface Loaded {
  readonly site: RecordedSite;
  readonly ready: Map<string, Ready>;
  /** Each binding that the reference writes, with its values before and after. */
  readonly outputs: readonly {
    readonly name: string;
    readonly before: Float32Array;
    readonly after: Float32Array;
  }[];
}

/**
 * Runs candidates on random values in scratch buffers as large as the run's own; all sites share them. Equal sites get equal
 * values.
 */
export class GpuTrials implements Trials {
  readonly #device: Device;
  readonly #sites: readonly RecordedSite[];
  readonly #compiling = new Map<string, Promise<CompiledKernel>>();
  readonly #noise: Noise;
  /** The i-th buffer is at least as large as the i-th largest binding of any site. */
  readonly #scratch: readonly GPUBuffer[];
  readonly #shape: GPUBuffer;
  readonly #scalars: GPUBuffer;
  readonly #readback: Readback;
  readonly #lost: Promise<never>;
  #loaded: Loaded | null = null;

  /** `sites`: from `triable`, in the order in which they will be tried. */
  constructor(device: Device, sites: readonly RecordedSite[]) {
    const { STORAGE, UNIFORM, COPY_SRC, COPY_DST } = GPUBufferUsage;
    const gpu = device.device;
    this.#device = device;
    this.#sites = sites;
    const sizes = scratchSizes(sites);
    this.#noise = new Noise(Math.max(uniformBytes, ...sizes));
    const make = (label: string, size: number, usage: number) => gpu.createBuffer({ label, size, usage });
    this.#scratch = sizes.map((size) => make('scratch', size, STORAGE | COPY_SRC | COPY_DST));
    this.#shape = make('shape', uniformBytes, UNIFORM | COPY_DST);
    this.#scalars = make('scalars', uniformBytes, UNIFORM | COPY_DST);
    gpu.queue.writeBuffer(this.#scalars, 0, this.#noise.floats(0, uniformBytes / 4));
    this.#readback = new Readback(device);
    this.#lost = device.lost.then(({ message, reason }) => Promise.reject(lostError(message || reason)));
    this.#lost.catch(() => undefined);
  }

  async refusal(site: RecordedSite, candidate: Candidate): Promise<string | null> {
    const { ready, outputs } = this.#loaded?.site === site ? this.#loaded : await this.#load(site);
    let prepared: Ready;
    try {
      prepared = await this.#prepare(site, candidate);
    } catch (error) {
      if (error instanceof TapestryError && error.code === 'shader.invalid') return error.message;
      throw error;
    }
    ready.set(candidate.variant, prepared);
    const results = await this.#run(site, prepared);
    for (const [i, { name, before, after }] of outputs.entries()) {
      if (!after.every(Number.isFinite)) return `the reference's ${name} is not finite`;
      const difference = differenceOf(results[i] ?? new Float32Array(), after, before);
      if (!(difference <= tolerance[site.storage]))
        return `its ${name} differs from the reference by a relative error of ${difference.toExponential(1)}`;
    }
    return null;
  }

  async time(site: RecordedSite, { variant }: Candidate, repetitions: number): Promise<number> {
    const ready = this.#loaded?.site === site ? this.#loaded.ready.get(variant) : undefined;
    if (ready === undefined)
      throw new Error(`${variant} must be compared with the reference before it is timed`);
    const startedAt = performance.now();
    this.#submit(ready, repetitions);
    // While a promise is awaited, Dawn polls and takes a core from a software adapter: sleep through most of the wait.
    const busy = this.#device.software ? 0.8 * ready.milliseconds * repetitions : 0;
    if (busy > 1) await new Promise((resolve) => setTimeout(resolve, busy));
    await Promise.race([this.#device.device.queue.onSubmittedWorkDone(), this.#lost]);
    const milliseconds = performance.now() - startedAt;
    ready.milliseconds = milliseconds / repetitions;
    return milliseconds;
  }

  close(): void {
    this.#readback.close();
    for (const buffer of [...this.#scratch.values(), this.#shape, this.#scalars]) buffer.destroy();
  }

  /** Starts to compile the kernels of the next sites: enough for the driver's threads, but not all, since the budget may end. */
  #compileFrom(site: RecordedSite): void {
    const next = this.#sites.indexOf(site);
    const kernels = this.#sites
      .slice(next, next + sitesAhead)
      .flatMap((each) => each.candidates.map((candidate) => kernelOf(each, candidate)))
      .filter((kernel) => !this.#compiling.has(kernelKey(kernel)));
    for (const [key, kernel] of startCompiling(this.#device.device, kernels)) {
      this.#compiling.set(key, kernel);
      // A compile error is reported by `refusal`, which may never be called for this candidate.
      kernel.catch(() => undefined);
    }
  }

  /** Writes a site's inputs, runs its reference on them, and stores the result. */
  async #load(site: RecordedSite): Promise<Loaded> {
    this.#compileFrom(site);
    const [reference] = site.candidates;
    this.#device.device.queue.writeBuffer(this.#shape, 0, Uint32Array.from(site.words));
    for (const name of storageBindings(site)) this.#fill(site, name);
    const after = await this.#run(site, await this.#prepare(site, reference));
    const outputs = writtenBindings(site).map((name, i) => {
      const before = floatsOf(this.#contentOf(site, name));
      return { name, before, after: after[i] ?? before };
    });
    const loaded = { site, ready: new Map(), outputs };
    this.#loaded = loaded;
    return loaded;
  }

  async #prepare(site: RecordedSite, candidate: Candidate): Promise<Ready> {
    const kernel = await this.#compiling.get(kernelKey(kernelOf(site, candidate)));
    if (kernel === undefined) throw new Error(`${candidate.variant} was not among the sites of these trials`);
    const group = this.#device.device.createBindGroup({
      label: `${site.operation} ${candidate.variant}`,
      layout: kernel.layout,
      entries: Object.entries(kernel.bindings).map(([name, { binding, kind }]) => {
        if (name === 'shape') return { binding, resource: { buffer: this.#shape } };
        if (kind === 'uniform') return { binding, resource: { buffer: this.#scalars } };
        return { binding, resource: { buffer: this.#bufferOf(site, name), size: sizeOf(site, name) } };
      }),
    });
    return { pipeline: kernel.pipeline, group, workgroups: candidate.workgroups, milliseconds: 0 };
  }

  /** Runs one dispatch on the original inputs, and reads back every binding that the reference writes. */
  #run(site: RecordedSite, ready: Ready): Promise<Float32Array[]> {
    const names = writtenBindings(site);
    for (const name of names) this.#fill(site, name);
    this.#submit(ready, 1);
    return Promise.all(
      names.map(async (name) => {
        const range = { buffer: this.#bufferOf(site, name), offset: 0, size: sizeOf(site, name) };
        const values = await this.#readback.read(range);
        return formatOf(site, name) === 'halves' ? valuesOfHalves(new Uint16Array(values.buffer)) : values;
      }),
    );
  }

  #submit({ pipeline, group, workgroups }: Ready, repetitions: number): void {
    const encoder = this.#device.device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, group);
    for (let i = 0; i < repetitions; i++) pass.dispatchWorkgroups(...workgroups);
    pass.end();
    this.#device.device.queue.submit([encoder.finish()]);
  }

  #fill(site: RecordedSite, name: string): void {
    this.#device.device.queue.writeBuffer(this.#bufferOf(site, name), 0, this.#contentOf(site, name));
  }

  #contentOf(
    site: RecordedSite,
    name: string,
  ): Float32Array<ArrayBuffer> | Uint16Array<ArrayBuffer> | Uint32Array<ArrayBuffer> {
    const [place, size] = [storageBindings(site).indexOf(name), sizeOf(site, name)];
    const format = formatOf(site, name);
    if (format === 'floats') return this.#noise.floats(place, size / 4);
    if (format === 'halves') return this.#noise.halves(place, size / 2);
    const random = Random.seeded(place);
    return Uint32Array.from({ length: size / 4 }, () => random.below(site.indices[name] ?? 1));
  }

  #bufferOf(site: RecordedSite, name: string): GPUBuffer {
    const bySize = storageBindings(site).sort((a, b) => sizeOf(site, b) - sizeOf(site, a));
    const buffer = this.#scratch[bySize.indexOf(name)];
    if (buffer === undefined) throw new Error(`${site.operation} has no ${name}`);
    return buffer;
  }
}

function kernelOf({ storage }: RecordedSite, { shader, entry, overrides }: Candidate): Kernel {
  return { shader: shaders[shader], entry, overrides, storage };
}

/** Sizes of buffers that all sites can share: the i-th is that of the largest i-th binding, by size, of any site. */
function scratchSizes(sites: readonly RecordedSite[]): number[] {
  const sizes: number[] = [];
  for (const site of sites) {
    const own = storageBindings(site).map((name) => sizeOf(site, name));
    own.sort((a, b) => b - a);
    own.forEach((size, rank) => {
      sizes[rank] = Math.max(size, sizes[rank] ?? 0);
    });
  }
  return sizes;
}

function bindingsOf({ candidates: [{ shader, entry }] }: RecordedSite): Bindings {
  return shaders[shader].entryPoints[entry] ?? {};
}

const namesOf = (site: RecordedSite, wanted: (declared: BindingDeclaration) => boolean) =>
  Object.entries(bindingsOf(site)).flatMap(([name, declared]) => (wanted(declared) ? [name] : []));

const storageBindings = (site: RecordedSite) => namesOf(site, ({ kind }) => kind !== 'uniform');

const writtenBindings = (site: RecordedSite) => namesOf(site, ({ kind }) => kind === 'write');

/** In bytes; the run's bindings are whole words. */
const sizeOf = ({ bytes }: RecordedSite, name: string) => bytes[name] ?? 0;

/** A binding's format, by its declaration in the reference's shader. All structs of tuned operations hold floats. */
function formatOf(site: RecordedSite, name: string): 'floats' | 'halves' | 'indices' {
  const type = bindingsOf(site)[name]?.type;
  if (type === 'array<u32>' || type === 'array<vec2u>') return 'indices';
  return type === 'array<Stored>' && site.storage === 'f16' ? 'halves' : 'floats';
}

function floatsOf(values: Float32Array | Uint16Array | Uint32Array): Float32Array {
  return values instanceof Uint16Array ? valuesOfHalves(values) : Float32Array.from(values);
}

/**
 * The norm of `actual - expected` over the norm of the values that the reference wrote. Values that the reference left as they
 * were `before` are not counted in that norm, and every variant must leave them unchanged. NaN if any value is NaN.
 */
function differenceOf(actual: Float32Array, expected: Float32Array, before: Float32Array): number {
  let [difference, length] = [0, 0];
  expected.forEach((value, i) => {
    difference += ((actual[i] ?? Number.NaN) - value) ** 2;
    if (value !== before[i]) length += value ** 2;
  });
  return difference === 0 ? 0 : Math.sqrt(difference / length);
}
