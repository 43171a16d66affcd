import type { Precision } from '../../../shaders/shader.ts';
import { allOrNone, allocate } from '../../gpu/allocation.ts';
import { type Device, requireStorage } from '../../gpu/device.ts';
import type { Choices } from '../../gpu/operation.ts';
import { type Chooser, type Program, whole } from '../../gpu/program.ts';
import { Readback } from '../../gpu/readback.ts';
import { Submitter } from '../../gpu/submitter.ts';
import type { AdapterContent } from '../adapter/adapter-matrices.ts';
import { adapterContent } from '../adapter/content.ts';
import { adaptedByAny } from '../adapter/packed.ts';
import type { ModelConfig } from '../config.ts';
import { checkShape } from '../decoder.ts';
import type { ModelParameters } from '../model-parameters.ts';
import type { ParameterLayout } from '../parameters.ts';
import {
  type Addition,
  type CachedDecoder,
  checkAdapter,
  checkAdditions,
  type LoadedAdapters,
} from './cached-decoder.ts';
import { type DecoderWeights, makeDecoderWeights } from './decoder-weights.ts';
import { type GenerationMemory, makeGenerationMemory, tooMuch } from './generation-memory.ts';
import { type GenerationRecording, recordGeneration, sitesOf } from './generation-program.ts';
import { HeldTokens } from './held-tokens.ts';
import type { Row } from './pass-inputs.ts';

/** How a decoder reads a model that another program holds on the same device. */
export interface SharedDecoderOptions {
  readonly sequences: number;
  /** Precision of weights, keys, values and activations; f16 halves their memory and rounds them. Sums are always float32. */
  readonly storage?: Precision;
  /** Kernels chosen by measurement, or a function that measures them; for other sites the kernel is guessed. */
  readonly choices?: Choices | Chooser;
}

export interface GpuDecoderOptions extends SharedDecoderOptions {
  readonly adapters?: LoadedAdapters;
}

/**
 * The decoder on a WebGPU device. A pass batches tokens of all sequences, whose lengths may differ: prompts are read in blocks,
 * then one token of each sequence at a time. A pass is one submit, or several if it takes long on a graphics card. Only logits
 * are read back. Once the device is lost, `append` rejects with TapestryError `device.lost`.
 */
export class GpuDecoder implements CachedDecoder {
  readonly config: ModelConfig;
  readonly sequences: number;
  readonly #storage: Precision;
  readonly #memory: GenerationMemory;
  /** Null if another holds the model. */
  readonly #weights: DecoderWeights | null;
  /** Destroys the buffers of `#memory` and `#weights`. */
  readonly #free: () => void;
  readonly #programs: Readonly<Record<keyof GenerationRecording, Program>>;
  /** Submit a pass and, if its rows end their sequences' new tokens, the head. */
  readonly #submitters: Readonly<Record<'single' | 'block', Submitter>>;
  readonly #adapters: ReadonlyMap<string, AdapterContent>;
  readonly #readback: Readback;
  readonly #held: readonly HeldTokens[];

  private constructor(
    device: Device,
    config: ModelConfig,
    { sequences, storage }: { readonly sequences: number; readonly storage: Precision },
    { memory, weights, free }: MadeDecoder,
    programs: Readonly<Record<keyof GenerationRecording, Program>>,
    adapters: ReadonlyMap<string, AdapterContent>,
  ) {
    this.config = config;
    this.sequences = sequences;
    this.#storage = storage;
    this.#memory = memory;
    this.#weights = weights;
    this.#free = free;
    this.#programs = programs;
    this.#adapters = adapters;
    const { single, block, head } = programs;
    const submitter = (pass: Program) => new Submitter(device, [...pass.bytes(), ...head.bytes()]);
    this.#submitters = { single: submitter(single), block: submitter(block) };
    this.#readback = new Readback(device);
    this.#held = Array.from({ length: sequences }, () => new HeldTokens());
  }

  /**
   * Copies `parameters` to the device and compiles the programs.
   * Throws TapestryError `config.shape`, `shader.invalid`, `device.too-small` or `device.no-f16`.
   */
  static async create(
    device: Device,
    config: ModelConfig,
    layout: ParameterLayout,
    parameters: Float32Array<ArrayBuffer>,
    { sequences, storage = 'f32', choices = new Map(), adapters = new Map() }: GpuDecoderOptions,
  ): Promise<GpuDecoder> {
    checkShape(config);
    requireStorage(device, storage);
    const adapted = adaptedByAny([...adapters.values()].map(({ matrices }) => matrices));
    const { made, free } = await allocate(
      device,
      (allocator) => ({
        weights: makeDecoderWeights(allocator, layout, storage, adapted),
        memory: makeGenerationMemory(allocator, config, { sequences, storage }),
      }),
      tooMuch,
    );
    try {
      const { frozen, lora, model } = made.weights;
      frozen.write(parameters);
      const how = { sequences, storage, choices };
      const programs = await buildGeneration(device, config, model, made.memory, how);
      const base = { layout, values: parameters };
      const loaded = new Map<string, AdapterContent>();
      for (const [name, adapter] of adapters)
        if (lora) loaded.set(name, adapterContent(lora.packed, base, adapter));
      return new GpuDecoder(device, config, { sequences, storage }, { ...made, free }, programs, loaded);
    } catch (error) {
      free();
      throw error;
    }
  }

  /**
   * Reads a model that another program holds on `device` in the precision `storage`, and copies nothing. Once the model has changed,
   * the sequences must be cleared. Throws the errors of `create`.
   */
  static async sharing(
    device: Device,
    config: ModelConfig,
    model: ModelParameters,
    { sequences, storage = 'f32', choices = new Map() }: SharedDecoderOptions,
  ): Promise<GpuDecoder> {
    checkShape(config);
    requireStorage(device, storage);
    const { made: memory, free } = await allocate(
      device,
      (allocator) => makeGenerationMemory(allocator, config, { sequences, storage }),
      tooMuch,
    );
    try {
      const how = { sequences, storage, choices };
      const programs = await buildGeneration(device, config, model, memory, how);
      const made = { memory, weights: null, free };
      return new GpuDecoder(device, config, { sequences, storage }, made, programs, new Map());
    } catch (error) {
      free();
      throw error;
    }
  }

  lengthOf(sequence: number): number {
    return this.#heldBy(sequence).length;
  }

  clear(sequence: number): void {
    this.#heldBy(sequence).truncate(0);
  }

  /**
   * Tokens that were read in blocks and alone differ in their last bits, because other kernels read them. So that a text does not
   * depend on what was read before, only whole blocks stay, as they are where all of `tokens` is read at once.
   */
  rewind(sequence: number, tokens: readonly number[]): number {
    const held = this.#heldBy(sequence);
    const { rows } = this.#memory.block;
    held.truncate(this.sequences === 1 ? rows * Math.floor(held.shared(tokens, true) / rows) : 0);
    return held.length;
  }

  useAdapter(name: string | null): void {
    checkAdapter(name, this.#adapters);
    const adapter = name === null ? undefined : this.#adapters.get(name);
    this.#weights?.lora?.write(adapter);
    for (const held of this.#held) held.truncate(0);
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
      for (const { sequence, token } of part) this.#heldBy(sequence).add(token, name === 'block');
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
    for (const program of Object.values(this.#programs)) program.close();
    this.#readback.close();
    this.#free();
  }

  #heldBy(sequence: number): HeldTokens {
    const held = this.#held[sequence];
    if (held === undefined) throw new RangeError(`${sequence} is not one of ${this.sequences} sequences`);
    return held;
  }

  /** The rows of an addition. */
  #rowsOf({ sequence, tokens }: Addition): Row[] {
    const length = this.lengthOf(sequence);
    return tokens.map((token, i) => ({
      token,
      sequence,
      position: length + i,
      last: i === tokens.length - 1,
    }));
  }

  /** The logits of one sequence, from the buffer that was read back. */
  #logitsOf(sequence: number, { buffer }: Float32Array<ArrayBuffer>): Float32Array {
    const logits = new Float32Array(this.config.vocabularySize);
    const Stored = this.#storage === 'f16' ? Float16Array : Float32Array;
    for (const { first, count, range } of this.#memory.vocabulary) {
      const start = range.offset + sequence * count * Stored.BYTES_PER_ELEMENT;
      logits.set(new Stored(buffer, start, Math.min(count, logits.length - first)), first);
    }
    return logits;
  }
}

/** What a decoder allocates, with a function that destroys its buffers. */
interface MadeDecoder {
  readonly memory: GenerationMemory;
  readonly weights: DecoderWeights | null;
  readonly free: () => void;
}

/** Chooses the kernels of generation and compiles its programs. */
async function buildGeneration(
  device: Device,
  config: ModelConfig,
  model: ModelParameters,
  memory: GenerationMemory,
  { choices, ...shape }: Required<SharedDecoderOptions>,
): Promise<Readonly<Record<keyof GenerationRecording, Program>>> {
  const record = (chosen: Choices) =>
    recordGeneration(device, config, model, memory, { ...shape, choices: chosen });
  const chosen = typeof choices === 'function' ? await choices(sitesOf(record(new Map()))) : choices;
  const recording = record(chosen);
  const [single, block, head] = await allOrNone([
    recording.single.build(device),
    recording.block.build(device),
    recording.head.build(device),
  ]);
  return { single, block, head };
}
