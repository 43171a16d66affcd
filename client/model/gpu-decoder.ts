import { type Device, requireStorage } from '../gpu/device.ts';
import type { Choices, Storage } from '../gpu/operation.ts';
import { type Chooser, type Program, whole } from '../gpu/program.ts';
import { Readback } from '../gpu/readback.ts';
import { Submitter } from '../gpu/submitter.ts';
import { type Addition, type CachedDecoder, checkAdditions } from './cached-decoder.ts';
import type { ModelConfig } from './config.ts';
import { checkShape } from './decoder.ts';
import { type GenerationMemory, makeGenerationMemory, tooMuch } from './generation-memory.ts';
import { type GenerationRecording, recordGeneration, sitesOf } from './generation-program.ts';
import type { ParameterLayout } from './parameters.ts';
import type { Row } from './pass-inputs.ts';

export interface GpuDecoderOptions {
  readonly sequences: number;
  /** Of weights, keys, values and activations; f16 halves what they take, and rounds them. Sums are float32 always. */
  readonly storage?: Storage;
  /** Kernels that were measured to be best, or what measures them; the others are guessed. */
  readonly choices?: Choices | Chooser;
}

/**
 * The decoder on a WebGPU device. Tokens of all sequences go through the layers side by side, however long each sequence
 * is: prompts in blocks, then one token of each sequence at a time, in one submit, or several where that is long for a
 * graphics card. Only logits are read back. Once the device is lost, `append` rejects with TapestryError `device.lost`.
 */
export class GpuDecoder implements CachedDecoder {
  readonly config: ModelConfig;
  readonly sequences: number;
  readonly #storage: Storage;
  readonly #memory: GenerationMemory;
  readonly #programs: Readonly<Record<keyof GenerationRecording, Program>>;
  /** Of a pass and, where its rows are the last, the head. */
  readonly #submitters: Readonly<Record<'single' | 'block', Submitter>>;
  readonly #readback: Readback;
  readonly #lengths: number[];

  private constructor(
    device: Device,
    config: ModelConfig,
    { sequences, storage }: { readonly sequences: number; readonly storage: Storage },
    memory: GenerationMemory,
    programs: Readonly<Record<keyof GenerationRecording, Program>>,
  ) {
    this.config = config;
    this.sequences = sequences;
    this.#storage = storage;
    this.#memory = memory;
    this.#programs = programs;
    const { single, block, head } = programs;
    const submitter = (pass: Program) => new Submitter(device, [...pass.bytes(), ...head.bytes()]);
    this.#submitters = { single: submitter(single), block: submitter(block) };
    this.#readback = new Readback(device);
    this.#lengths = new Array<number>(sequences).fill(0);
  }

  /**
   * Copies `parameters`, and compiles.
   * Throws TapestryError `config.shape`, `shader.invalid`, `device.too-small` or `device.no-f16`.
   */
  static async create(
    device: Device,
    config: ModelConfig,
    layout: ParameterLayout,
    parameters: Float32Array<ArrayBuffer>,
    { sequences, storage = 'f32', choices = new Map() }: GpuDecoderOptions,
  ): Promise<GpuDecoder> {
    checkShape(config);
    requireStorage(device, storage);
    const shape = { sequences, storage };
    const memory = await allocated(device, () => makeGenerationMemory(device, config, layout, shape));
    memory.weights.write(parameters);
    const record = (chosen: Choices) =>
      recordGeneration(device, config, memory, { ...shape, choices: chosen });
    const chosen = typeof choices === 'function' ? await choices(sitesOf(record(new Map()))) : choices;
    const recording = record(chosen);
    const [single, block, head] = await Promise.all([
      recording.single.build(device),
      recording.block.build(device),
      recording.head.build(device),
    ]);
    return new GpuDecoder(device, config, shape, memory, { single, block, head });
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
    const { head } = this.#programs;
    let copied: (() => Promise<Float32Array<ArrayBuffer>>) | undefined;
    for (let at = 0; at < rows.length; ) {
      const name = rows.length - at <= this.sequences ? 'single' : 'block';
      const { [name]: inputs, logits } = this.#memory;
      const { [name]: program } = this.#programs;
      const { [name]: submitter } = this.#submitters;
      const part = rows.slice(at, at + inputs.rows);
      at += part.length;
      const isLast = at === rows.length;
      const dispatches = program.length + (isLast ? head.length : 0);
      inputs.write(part);
      submitter.begin(dispatches);
      submitter.encode(program);
      if (isLast) {
        submitter.encode(head);
        copied = submitter.copy((encoder) => this.#readback.copy(encoder, whole(logits)));
      }
      submitter.end();
      this.#readback.submitted(dispatches);
    }
    const values = (await copied?.()) ?? new Float32Array();
    signal?.throwIfAborted();
    return additions.map(({ sequence }) => this.#logitsOf(sequence, values));
  }

  close(): void {
    const { weights, caches, ends, logits, single, block } = this.#memory;
    for (const program of Object.values(this.#programs)) program.close();
    for (const each of [weights, single, block, this.#readback]) each.close();
    const buffers = caches.flat().map(({ keysAndValues }) => keysAndValues);
    for (const buffer of [...buffers, ends, logits]) buffer.destroy();
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

  /** The logits of one sequence among all that was read back. */
  #logitsOf(sequence: number, { buffer }: Float32Array<ArrayBuffer>): Float32Array {
    const logits = new Float32Array(this.config.vocabularySize);
    const Stored = this.#storage === 'f16' ? Float16Array : Float32Array;
    for (const { first, count, range } of this.#memory.vocabulary) {
      const start = range.offset + sequence * count * Stored.BYTES_PER_ELEMENT;
      logits.set(new Stored(buffer, start, count), first);
    }
    return logits;
  }
}

/** What `make` makes, or `device.too-small` where the device has no memory for it. */
async function allocated<Memory>({ device }: Device, make: () => Memory): Promise<Memory> {
  device.pushErrorScope('out-of-memory');
  let problem: Promise<GPUError | null>;
  let memory: Memory;
  try {
    memory = make();
  } finally {
    problem = device.popErrorScope();
  }
  const { message } = (await problem) ?? {};
  if (message !== undefined) throw tooMuch(message);
  return memory;
}
