import { TapestryError } from '../errors.ts';
import type { Device } from '../gpu/device.ts';
import { FlatVector } from '../gpu/flat-vector.ts';
import type { Choices } from '../gpu/operation.ts';
import { type Program, ProgramBuilder, whole } from '../gpu/program.ts';
import { Readback } from '../gpu/readback.ts';
import { type Addition, type CachedDecoder, checkAdditions } from './cached-decoder.ts';
import { cachedForward, headForward } from './cached-forward.ts';
import type { ModelConfig } from './config.ts';
import { checkShape, rotationTable } from './decoder.ts';
import { cutsOf, type ParameterLayout } from './parameters.ts';
import { PassInputs, type Row } from './pass-inputs.ts';

/** Rows of the pass that reads prompts. */
const blockRows = 64;

export interface GpuDecoderOptions {
  readonly sequences: number;
  /** Variants that were measured to be best; the others are guessed. */
  readonly choices?: Choices;
}

/** All layers, for a fixed number of tokens. */
interface Pass {
  readonly inputs: PassInputs;
  readonly program: Program;
}

interface Parts {
  /** A token of each sequence. */
  readonly single: Pass;
  /** Many tokens, of as many sequences as it takes. */
  readonly block: Pass;
  readonly head: Program;
  readonly logits: GPUBuffer; // (sequences, vocabulary)
  readonly others: readonly { close(): void }[];
}

/**
 * The decoder on a WebGPU device. Tokens of all sequences go through the layers side by side, however long each sequence
 * is: prompts in blocks, then one token of each sequence at a time, in one submit. Only logits are read back. Once the
 * device is lost, `append` rejects with TapestryError `device.lost`.
 */
export class GpuDecoder implements CachedDecoder {
  readonly config: ModelConfig;
  readonly sequences: number;
  readonly #device: GPUDevice;
  readonly #readback: Readback;
  readonly #parts: Parts;
  readonly #lengths: number[];

  private constructor(device: Device, config: ModelConfig, sequences: number, parts: Parts) {
    this.config = config;
    this.sequences = sequences;
    this.#device = device.device;
    this.#readback = new Readback(device);
    this.#parts = parts;
    this.#lengths = new Array<number>(sequences).fill(0);
  }

  /** Copies `parameters`, and compiles. Throws TapestryError `config.shape`, `shader.invalid` or `device.too-small`. */
  static async create(
    device: Device,
    config: ModelConfig,
    layout: ParameterLayout,
    parameters: Float32Array<ArrayBuffer>,
    { sequences, choices = new Map() }: GpuDecoderOptions,
  ): Promise<GpuDecoder> {
    checkShape(config);
    const { dimension, heads, keyValueHeads, contextLength, vocabularySize } = config;
    const gpu = device.device;
    gpu.pushErrorScope('out-of-memory');
    const flat = { length: layout.length, bytesPerElement: 4, cuts: cutsOf(layout) } as const;
    const vector = new FlatVector(device, { ...flat, label: 'parameters' });
    vector.write(parameters);
    const cacheSize = 2 * sequences * contextLength * (dimension / heads) * keyValueHeads;
    const caches = Array.from({ length: config.layers }, () => makeBuffer(gpu, 'the KV cache', cacheSize));
    const ends = makeBuffer(gpu, 'ends', sequences * dimension);
    const logits = makeBuffer(gpu, 'logits', sequences * vocabularySize);
    const context = { config, layout, parameters: vector, weights: vector };
    const rotations = rotationTable(config, contextLength);
    const pass = async (rows: number): Promise<Pass> => {
      const inputs = new PassInputs(gpu, rows, sequences, rotations, dimension / heads);
      const program = new ProgramBuilder(device, { choices });
      const bindings = { ...inputs.bindings, caches: caches.map(whole), ends: whole(ends) };
      cachedForward({ ...context, program, rows }, bindings, sequences);
      return { inputs, program: await program.build(device) };
    };
    const head = new ProgramBuilder(device, { choices });
    const headBindings = { ends: whole(ends), logits: whole(logits) };
    headForward({ ...context, program: head, rows: sequences }, headBindings);
    const built = Promise.all([pass(sequences), pass(blockRows), head.build(device)]);
    const problem = gpu.popErrorScope();
    const [single, block, top] = await built;
    const full = await problem;
    if (full !== null) throw tooSmall(full.message);
    const others = [vector, ...[...caches, ends].map((buffer) => ({ close: () => buffer.destroy() }))];
    return new GpuDecoder(device, config, sequences, { single, block, head: top, logits, others });
  }

  lengthOf(sequence: number): number {
    const length = this.#lengths[sequence];
    if (length === undefined) throw new RangeError(`${sequence} is not one of ${this.sequences} sequences`);
    return length;
  }

  clear(sequence: number): void {
    this.#lengths[sequence] = 0 * this.lengthOf(sequence);
  }

  async append(additions: readonly Addition[], signal?: AbortSignal): Promise<readonly Float32Array[]> {
    checkAdditions(this, additions);
    const rows = additions.flatMap((addition) => this.#rowsOf(addition));
    const { single, block, head, logits } = this.#parts;
    let copied: (() => Promise<Float32Array>) | undefined;
    for (let at = 0; at < rows.length; ) {
      const { inputs, program } = rows.length - at <= this.sequences ? single : block;
      const part = rows.slice(at, at + inputs.rows);
      at += part.length;
      inputs.write(part);
      const encoder = this.#device.createCommandEncoder();
      const pass = encoder.beginComputePass();
      program.encode(pass);
      if (at === rows.length) head.encode(pass);
      pass.end();
      if (at === rows.length) copied = this.#readback.copy(encoder, whole(logits));
      this.#device.queue.submit([encoder.finish()]);
      this.#readback.submitted(program.length);
    }
    const values = (await copied?.()) ?? new Float32Array();
    signal?.throwIfAborted();
    const { vocabularySize } = this.config;
    return additions.map(({ sequence }) =>
      values.subarray(sequence * vocabularySize, (sequence + 1) * vocabularySize),
    );
  }

  close(): void {
    const { single, block, head, logits, others } = this.#parts;
    for (const { inputs, program } of [single, block]) {
      inputs.close();
      program.close();
    }
    head.close();
    logits.destroy();
    for (const each of others) each.close();
    this.#readback.close();
  }

  /** The rows of an addition; from then on its sequence counts as longer. */
  #rowsOf({ sequence, tokens }: Addition): Row[] {
    const length = this.lengthOf(sequence);
    this.#lengths[sequence] = length + tokens.length;
    return tokens.map((token, i) => ({
      token,
      sequence,
      position: length + i,
      last: i === tokens.length - 1,
    }));
  }
}

function makeBuffer(device: GPUDevice, label: string, elements: number): GPUBuffer {
  const size = elements * 4;
  const { maxStorageBufferBindingSize, maxBufferSize } = device.limits;
  if (size > Math.min(maxStorageBufferBindingSize, maxBufferSize))
    throw tooSmall(`${label} needs ${size} bytes at once`);
  return device.createBuffer({ label, size, usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC });
}

function tooSmall(what: string): TapestryError {
  return new TapestryError(
    'device.too-small',
    `the model does not fit this adapter: ${what}`,
    'continue fewer prompts at a time, or use the CPU',
  );
}
