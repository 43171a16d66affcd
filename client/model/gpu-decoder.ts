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
    const { vector, caches, ends, logits } = await allocate(device, config, layout, sequences);
    vector.write(parameters);
    const context = { config, layout, parameters: vector, weights: vector };
    const rotations = rotationTable(config, config.contextLength);
    const pass = async (rows: number): Promise<Pass> => {
      const inputs = new PassInputs(
        device.device,
        rows,
        sequences,
        rotations,
        config.dimension / config.heads,
      );
      const program = new ProgramBuilder(device, { choices });
      const bindings = { ...inputs.bindings, caches: caches.map(whole), ends: whole(ends) };
      cachedForward({ ...context, program, rows }, bindings, sequences);
      return { inputs, program: await program.build(device) };
    };
    const top = new ProgramBuilder(device, { choices });
    const topBindings = { ends: whole(ends), logits: whole(logits) };
    headForward({ ...context, program: top, rows: sequences }, topBindings);
    const built = [pass(sequences), pass(blockRows), top.build(device)] as const;
    const [single, block, head] = await Promise.all(built);
    const others = [vector, ...[...caches, ends].map((buffer) => ({ close: () => buffer.destroy() }))];
    return new GpuDecoder(device, config, sequences, { single, block, head, logits, others });
  }

  lengthOf(sequence: number): number {
    const length = this.#lengths[sequence];
    if (length === undefined) throw new RangeError(`${sequence} is not one of ${this.sequences} sequences`);
    return length;
  }

  clear(sequence: number): void {
    if (this.lengthOf(sequence) > 0) this.#lengths[sequence] = 0;
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

/** The memory that does not depend on the passes. Throws TapestryError `device.too-small`. */
async function allocate(device: Device, config: ModelConfig, layout: ParameterLayout, sequences: number) {
  const { dimension, heads, keyValueHeads, contextLength, vocabularySize, layers } = config;
  const gpu = device.device;
  const cacheSize = 2 * sequences * contextLength * (dimension / heads) * keyValueHeads;
  const { maxStorageBufferBindingSize, maxBufferSize } = gpu.limits;
  if (4 * cacheSize > Math.min(maxStorageBufferBindingSize, maxBufferSize))
    throw tooSmall(`a layer's KV cache needs ${4 * cacheSize} bytes at once`);
  const make = (label: string, elements: number) => {
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC;
    return gpu.createBuffer({ label, size: 4 * elements, usage });
  };
  gpu.pushErrorScope('out-of-memory');
  const parameters = { length: layout.length, bytesPerElement: 4, cuts: cutsOf(layout) } as const;
  const vector = new FlatVector(device, { ...parameters, label: 'parameters' });
  const caches = Array.from({ length: layers }, () => make('keys and values', cacheSize));
  const ends = make('ends', sequences * dimension);
  const logits = make('logits', sequences * vocabularySize);
  const problem = await gpu.popErrorScope();
  if (problem !== null) throw tooSmall(problem.message);
  return { vector, caches, ends, logits };
}

function tooSmall(what: string): TapestryError {
  return new TapestryError(
    'device.too-small',
    `the model does not fit this adapter: ${what}`,
    'continue fewer prompts at a time, or use the CPU',
  );
}
