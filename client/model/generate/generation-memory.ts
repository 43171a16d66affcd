import type { Precision } from '../../../shaders/shader.ts';
import type { TapestryError } from '../../errors.ts';
import { headSizeOf } from '../../formats/decoder/head-size.ts';
import { type Allocator, tooSmall } from '../../gpu/device.ts';
import type { BufferRange } from '../../gpu/program.ts';
import { type ModelConfig, paddedExtents } from '../config.ts';
import { rotationTable } from '../decoder.ts';
import { type VocabularyPart, vocabularyParts } from '../vocabulary-parts.ts';
import { PassInputs } from './pass-inputs.ts';

export interface GenerationShape {
  /** Number of texts that are continued in parallel. */
  readonly sequences: number;
  /** Precision of weights, keys, values and activations. */
  readonly storage: Precision;
}

/** One layer's keys and values of some sequences. */
export interface CachePart {
  readonly firstSequence: number;
  readonly sequences: number;
  readonly keysAndValues: GPUBuffer; // (sequences, contextLength, 2 keyValueWidth)
}

/** The logits of a part of the vocabulary. */
export interface LogitsPart extends VocabularyPart {
  readonly range: BufferRange; // (sequences, count), in `logits`
}

/** The device memory of generation that lives longer than one pass, besides the model's parameters. */
export interface GenerationMemory {
  /** The parts of each layer's cache. */
  readonly caches: readonly (readonly CachePart[])[];
  /** The residual stream after the last token of each sequence: (sequences, C). */
  readonly ends: GPUBuffer;
  readonly logits: GPUBuffer;
  readonly vocabulary: readonly LogitsPart[];
  /** Inputs of the pass over one token of each sequence, and of the pass over a block of tokens of any sequences. */
  readonly single: PassInputs;
  readonly block: PassInputs;
}

/** Rows of the pass that reads prompts. */
const blockRows = 64;

/** Alignment of a binding's offset, in bytes. */
const border = 256;

/**
 * Allocates the memory. Buffers that exceed the binding limit are split: the vocabulary's tables and logits by tokens, a
 * layer's keys and values by sequences. Throws TapestryError `device.too-small`.
 */
export function makeGenerationMemory(
  device: Allocator,
  config: ModelConfig,
  { sequences, storage }: GenerationShape,
): GenerationMemory {
  const { dimension, keyValueHeads, contextLength } = config;
  const bytes = storage === 'f16' ? 2 : 4;
  const headSize = headSizeOf(config);
  const make = (label: string, size: number) => {
    if (size > device.bufferBytes) throw tooMuch(`${label} need ${size} bytes`);
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC;
    return device.device.createBuffer({ label, size, usage });
  };

  const sequenceBytes = 2 * contextLength * headSize * keyValueHeads * bytes;
  const most = Math.min(sequences, Math.floor(device.bindingBytes / sequenceBytes));
  if (most === 0)
    throw tooMuch(
      `a layer's keys and values of one text need ${sequenceBytes} bytes where ${device.bindingBytes} can be bound`,
    );
  const cache = () =>
    Array.from({ length: Math.ceil(sequences / most) }, (_, i): CachePart => {
      const held = Math.min(most, sequences - i * most);
      const keysAndValues = make('keys and values', held * sequenceBytes);
      return { firstSequence: i * most, sequences: held, keysAndValues };
    });

  // The most tokens whose rows of the table, and whose logits of all sequences, fit one binding each.
  const mostTokens = device.bindingBytes / (bytes * Math.max(dimension, sequences));
  const parts = vocabularyParts(paddedExtents(config).vocabulary, mostTokens);
  const sizes = parts.map(({ count }) => sequences * count * bytes);
  const offsets = sizes.map((_, i) => sizes.slice(0, i).reduce((sum, size) => sum + roundedUp(size), 0));
  const logits = make('logits', roundedUp((offsets.at(-1) ?? 0) + (sizes.at(-1) ?? 0)));
  const vocabulary = parts.map((part, i) => {
    const range = { buffer: logits, offset: offsets[i] ?? 0, size: sizes[i] ?? 0 };
    return { ...part, range };
  });

  const rotations = rotationTable(config, contextLength);
  const inputs = (rows: number) => new PassInputs(device.device, rows, sequences, rotations, headSize);
  return {
    caches: Array.from({ length: config.layers }, cache),
    ends: make('ends', sequences * dimension * bytes),
    logits,
    vocabulary,
    single: inputs(sequences),
    block: inputs(blockRows),
  };
}

const roundedUp = (size: number) => Math.ceil(size / border) * border;

/** Error `device.too-small` for a generation of too many sequences at once. */
export function tooMuch(what: string): TapestryError {
  return tooSmall(what, 'continue fewer prompts at a time, or use the CPU');
}
