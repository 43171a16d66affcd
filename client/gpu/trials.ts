import { type Bindings, shaders } from '../../shaders/index.ts';
import { TapestryError } from '../errors.ts';
import { Random } from '../random.ts';
import { type Device, lostError } from './device.ts';
import { Noise, valuesOfHalves } from './noise.ts';
import type { Candidate, Storage, Workgroups } from './operation.ts';
import { type CompiledKernel, type Kernel, kernelKey, startCompiling } from './pipelines.ts';
import type { RecordedSite } from './program.ts';
import { Readback } from './readback.ts';

/** Runs candidates: on a GPU, or in tests on none. */
export interface Trials {
  /** Why a candidate may not be used at a site; null where its numbers are those of the site's reference. */
  refusal(site: RecordedSite, candidate: Candidate): Promise<string | null>;
  /** Milliseconds that so many dispatches in a row take. */
  time(site: RecordedSite, candidate: Candidate, repetitions: number): Promise<number>;
}

/** How far a variant's numbers may be from the reference's: length of the difference over that of the reference. */
const tolerance = { f32: 1e-4, f16: 5e-3 } as const satisfies Record<Storage, number>;

/** Memory for trying out, besides what the model itself needs. */
const mostScratchBytes = { software: 2 ** 29, graphics: 2 ** 30 };
const uniformBytes = 256;

/** So many sites' kernels are compiled at a time. */
const sitesAhead = 4;

/** Those of the sites with a choice that can be tried out on random values, in the memory there is for it. */
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
  /** A dispatch, once known: the wait for it is slept through. */
  milliseconds: number;
}

/** The site whose inputs lie in the scratch buffers. */
interface Loaded {
  readonly site: RecordedSite;
  readonly ready: Map<string, Ready>;
  /** What each binding that the reference writes held before, and holds after. */
  readonly outputs: readonly {
    readonly name: string;
    readonly before: Float32Array;
    readonly after: Float32Array;
  }[];
}

/**
 * Runs candidates on random values in scratch buffers as large as the run's own, which all sites share. Equal sites are
 * given equal values.
 */
export class GpuTrials implements Trials {
  readonly #device: Device;
  readonly #sites: readonly RecordedSite[];
  readonly #compiling = new Map<string, Promise<CompiledKernel>>();
  readonly #noise: Noise;
  /** The i-th is as large as any site's i-th largest binding. */
  readonly #scratch: readonly GPUBuffer[];
  readonly #shape: GPUBuffer;
  readonly #scalars: GPUBuffer;
  readonly #readback: Readback;
  readonly #lost: Promise<never>;
  #loaded: Loaded | null = null;

  /** `sites` as `triable` gives them, in the order in which they will be tried. */
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
      if (!after.every(Number.isFinite)) return `the reference's own ${name} is not finite`;
      const difference = differenceOf(results[i] ?? new Float32Array(), after, before);
      if (!(difference <= tolerance[site.storage]))
        return `its ${name} is not the reference's: ${difference.toExponential(1)} of its length beside it`;
    }
    return null;
  }

  async time(site: RecordedSite, { variant }: Candidate, repetitions: number): Promise<number> {
    const ready = this.#loaded?.site === site ? this.#loaded.ready.get(variant) : undefined;
    if (ready === undefined) throw new Error(`${variant} is timed before it is compared`);
    const startedAt = performance.now();
    this.#submit(ready, repetitions);
    // Waiting makes Dawn poll, which takes a core from an adapter that is itself made of cores.
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

  /** Begins to compile what is tried next: the driver's threads have work, and a short budget is not spent on all. */
  #compileFrom(site: RecordedSite): void {
    const next = this.#sites.indexOf(site);
    const kernels = this.#sites
      .slice(next, next + sitesAhead)
      .flatMap((each) => each.candidates.map((candidate) => kernelOf(each, candidate)))
      .filter((kernel) => !this.#compiling.has(kernelKey(kernel)));
    for (const [key, kernel] of startCompiling(this.#device.device, kernels)) {
      this.#compiling.set(key, kernel);
      // One that does not compile is told of by its candidate's refusal; perhaps no one asks for it.
      kernel.catch(() => undefined);
    }
  }

  /** Puts a site's inputs in place, and finds out what its reference makes of them. */
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
      entries: Object.entries(kernel.bindings).map(([name, [binding, kind]]) => {
        if (name === 'shape') return { binding, resource: { buffer: this.#shape } };
        if (kind === 'uniform') return { binding, resource: { buffer: this.#scalars } };
        return { binding, resource: { buffer: this.#bufferOf(site, name), size: sizeOf(site, name) } };
      }),
    });
    return { pipeline: kernel.pipeline, group, workgroups: candidate.workgroups, milliseconds: 0 };
  }

  /** One dispatch on the inputs as they were; what the reference writes is read back. */
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

/** Of any site: the buffers they can share, each as large as the largest of its rank. */
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
  const entryPoints: Readonly<Record<string, Bindings>> = shaders[shader].entryPoints;
  return entryPoints[entry] ?? {};
}

const storageBindings = (site: RecordedSite) =>
  Object.entries(bindingsOf(site)).flatMap(([name, [, kind]]) => (kind === 'uniform' ? [] : [name]));

const writtenBindings = (site: RecordedSite) =>
  Object.entries(bindingsOf(site)).flatMap(([name, [, kind]]) => (kind === 'write' ? [name] : []));

/** Bytes; the run's own bindings are of whole words. */
const sizeOf = ({ bytes }: RecordedSite, name: string) => bytes[name] ?? 0;

/** What a binding holds, by its declaration in the reference's shader. Structures hold floats, all that is tuned. */
function formatOf(
  { candidates: [{ shader }], storage }: RecordedSite,
  name: string,
): 'floats' | 'halves' | 'indices' {
  const element = new RegExp(`> ${name}: array<(\\w+)`).exec(shaders[shader].source)?.[1];
  if (element === 'u32' || element === 'vec2u') return 'indices';
  return element === 'Stored' && storage === 'f16' ? 'halves' : 'floats';
}

function floatsOf(values: Float32Array | Uint16Array | Uint32Array): Float32Array {
  return values instanceof Uint16Array ? valuesOfHalves(values) : Float32Array.from(values);
}

/**
 * How far `actual` is from `expected`, over the length of what was written there: what the reference leaves as it was
 * `before` adds nothing to that length, and must be left by all. NaN where a value is.
 */
function differenceOf(actual: Float32Array, expected: Float32Array, before: Float32Array): number {
  let [difference, length] = [0, 0];
  expected.forEach((value, i) => {
    difference += ((actual[i] ?? Number.NaN) - value) ** 2;
    if (value !== before[i]) length += value ** 2;
  });
  return difference === 0 ? 0 : Math.sqrt(difference / length);
}
