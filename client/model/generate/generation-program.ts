import { headSizeOf, queryWidthOf } from '../../formats/decoder/head-size.ts';
import type { Adapter } from '../../gpu/device.ts';
import { openDryRunAllocator } from '../../gpu/dry-run-allocator.ts';
import type { Choices } from '../../gpu/operation.ts';
import {
  type Activation,
  distinctSites,
  ProgramBuilder,
  type RecordedSite,
  whole,
} from '../../gpu/program.ts';
import { AdaptedLayer } from '../adapter/adapted-layer.ts';
import { type ModelConfig, paddedExtents } from '../config.ts';
import { weightsOf } from '../layer.ts';
import { type Beside, LinearLayer } from '../linear-layer.ts';
import type { ModelParameters } from '../model-parameters.ts';
import { cacheAppend, cachedAttention } from '../operations/cached-attention.ts';
import { embeddingForward } from '../operations/embedding.ts';
import type { ForwardEpilogue } from '../operations/linear.ts';
import { rmsNormForward } from '../operations/rms-norm.ts';
import { embedding, finalNorm, headOf, layoutOf } from '../parameters.ts';
import { makeDecoderWeights } from './decoder-weights.ts';
import {
  type CachePart,
  type GenerationMemory,
  type GenerationShape,
  makeGenerationMemory,
} from './generation-memory.ts';
import type { PassInputs } from './pass-inputs.ts';

/** The recorded programs of generation, before compilation. */
export interface GenerationRecording {
  /** Run new tokens through all layers, over the cached keys and values: one token of each sequence, or a block of tokens. */
  readonly single: ProgramBuilder;
  readonly block: ProgramBuilder;
  /** Maps the last hidden state of every sequence to logits. */
  readonly head: ProgramBuilder;
}

/** Records generation by a model in the precision `storage`, of which nothing is trained here. Throws TapestryError `device.too-small`. */
export function recordGeneration(
  adapter: Adapter,
  config: ModelConfig,
  model: ModelParameters,
  memory: GenerationMemory,
  { sequences, storage, choices }: GenerationShape & { readonly choices: Choices },
): GenerationRecording {
  const pass = (inputs: PassInputs) => {
    const program = new ProgramBuilder(adapter, { storage, choices });
    recordPass({ program, config, model, memory, inputs }, sequences);
    return program;
  };
  const head = new ProgramBuilder(adapter, { storage, choices });
  recordHead(head, config, model, memory, sequences);
  return { single: pass(memory.single), block: pass(memory.block), head };
}

/** The recorded sites: each operation on each shape once. */
export function sitesOf({ single, block, head }: GenerationRecording): RecordedSite[] {
  return distinctSites([single, block, head].flatMap((program) => program.sites));
}

/** The sites of generation on an adapter; allocates nothing on it. Throws TapestryError `device.too-small`. */
export function generationSites(
  adapter: Adapter,
  config: ModelConfig,
  shape: GenerationShape,
): RecordedSite[] {
  const { allocator } = openDryRunAllocator(adapter);
  const { model } = makeDecoderWeights(allocator, layoutOf(config), shape.storage);
  const memory = makeGenerationMemory(allocator, config, shape);
  return sitesOf(recordGeneration(adapter, config, model, memory, { ...shape, choices: new Map() }));
}

/**
 * Predicted bytes of generation on the device, with the staging buffer of the logits. `shared` is a model that another holds; without
 * it the weights are counted too. Throws TapestryError `device.too-small`.
 */
export function predictGeneration(
  adapter: Adapter,
  config: ModelConfig,
  shape: GenerationShape,
  shared?: ModelParameters,
): number {
  const { allocator, bytes } = openDryRunAllocator(adapter);
  const model = shared ?? makeDecoderWeights(allocator, layoutOf(config), shape.storage).model;
  const memory = makeGenerationMemory(allocator, config, shape);
  const programs = recordGeneration(adapter, config, model, memory, { ...shape, choices: new Map() });
  for (const program of Object.values(programs)) program.allocate(allocator);
  return [...bytes.values()].reduce((sum, size) => sum + size, memory.logits.size);
}

/** Each of the R rows is a token of any sequence. */
interface PassContext {
  readonly program: ProgramBuilder;
  readonly config: ModelConfig;
  readonly model: ModelParameters;
  readonly memory: GenerationMemory;
  readonly inputs: PassInputs;
}

function recordPass(context: PassContext, sequences: number): void {
  const { program, config, model, memory, inputs } = context;
  const { rows } = inputs;
  const { tokens, lastRows } = inputs.bindings;
  const { dimension: width } = config;
  const embedded = program.stored(rows * width);
  for (const part of memory.vocabulary) {
    const { values: table } = model.rows(embedding, part);
    const shape = { rows, vocabulary: part.count, width, firstToken: part.first };
    program.record(embeddingForward, shape, { tokens, table, output: embedded });
  }
  let stream = embedded;
  for (const [layer, cache] of memory.caches.entries()) stream = recordLayer(context, layer, cache, stream);
  const picked = { rows: sequences, vocabulary: rows, width };
  const ends = whole(memory.ends);
  program.record(embeddingForward, picked, { tokens: lastRows, table: stream, output: ends });
}

function recordHead(
  program: ProgramBuilder,
  config: ModelConfig,
  model: ModelParameters,
  { ends, vocabulary }: GenerationMemory,
  rows: number,
): void {
  const { dimension: inputs, normEpsilon: epsilon } = config;
  const normed = program.stored(rows * inputs);
  const norm = { gain: model.gain(finalNorm).values, output: normed, inverse: program.activation(rows) };
  program.record(rmsNormForward, { rows, width: inputs, epsilon }, { input: whole(ends), ...norm });
  for (const { range: product, ...part } of vocabulary) {
    const weight = model.rows(headOf(config), part);
    const linear = new LinearLayer(program, { rows, inputs, outputs: part.count }, weight);
    linear.forward(normed, product, { kind: 'plain' });
  }
}

/** Records a layer; unlike `layerForward` of training it attends over the cache and not over its own rows. */
function recordLayer(
  { program, config, model, inputs: { rows, bindings } }: PassContext,
  layer: number,
  cache: readonly CachePart[],
  input: Activation,
): Activation {
  const { dimension, heads, keyValueHeads, normEpsilon: epsilon, contextLength } = config;
  const { feedForward } = paddedExtents(config);
  const [headSize, queryWidth] = [headSizeOf(config), queryWidthOf(config)];
  const names = weightsOf(layer);
  const normed = (from: Activation, name: 'attentionNorm' | 'feedForwardNorm') => {
    const output = program.stored(rows * dimension);
    const inverse = program.activation(rows);
    const [gain] = names[name];
    const bound = { input: from, gain: model.gain(gain).values, output, inverse };
    program.record(rmsNormForward, { rows, width: dimension, epsilon }, bound);
    return output;
  };
  const linear = (
    name: 'qkv' | 'attentionOutput' | 'gateUp' | 'down',
    left: Activation,
    [inputs, outputs]: readonly [number, number],
    epilogue: ForwardEpilogue,
    beside: Beside = {},
  ) => {
    const product = program.stored(rows * outputs);
    const matrix = model.matrix(...names[name]);
    // Dropout belongs to training.
    const adapter = matrix.adapter && { ...matrix.adapter, dropout: undefined };
    const layer = new AdaptedLayer(program, { rows, inputs, outputs }, { ...matrix, adapter });
    layer.forward(left, product, epilogue, beside, layer.adapt(left));
    return product;
  };

  const attentionInput = normed(input, 'attentionNorm');
  const qkvWidth = headSize * (heads + 2 * keyValueHeads);
  const rotatedHeads = heads + keyValueHeads;
  const rotary = { kind: 'rotary', headSize, rotatedHeads, sequence: rows } as const;
  const qkv = linear('qkv', attentionInput, [dimension, qkvWidth], rotary, {
    rotation: bindings.rotation,
  });
  const attended = program.stored(rows * queryWidth);
  for (const { keysAndValues, firstSequence, sequences } of cache) {
    const part = { sequences, positions: contextLength, firstSequence };
    const shape = { rows, heads, keyValueHeads, headSize, ...part };
    const bound = { sequences: bindings.sequences, positions: bindings.positions, qkv };
    program.record(cacheAppend, shape, { ...bound, cache: whole(keysAndValues) });
    program.record(cachedAttention, shape, {
      ...bound,
      savedCache: whole(keysAndValues),
      output: attended,
    });
  }
  const plain = { kind: 'plain' } as const;
  const middle = linear('attentionOutput', attended, [queryWidth, dimension], plain, { addend: input });
  const feedForwardInput = normed(middle, 'feedForwardNorm');
  const activated = program.stored(rows * feedForward);
  linear('gateUp', feedForwardInput, [dimension, 2 * feedForward], { kind: 'swiglu' }, { activated });
  return linear('down', activated, [feedForward, dimension], plain, { addend: middle });
}
