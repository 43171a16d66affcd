import type { Adapter } from '../gpu/device.ts';
import { openLedger } from '../gpu/ledger.ts';
import type { Choices } from '../gpu/operation.ts';
import {
  type Activation,
  type Binding,
  distinctSites,
  ProgramBuilder,
  type RecordedSite,
  whole,
} from '../gpu/program.ts';
import type { ModelConfig } from './config.ts';
import {
  type CachePart,
  type GenerationMemory,
  type GenerationShape,
  makeGenerationMemory,
} from './generation-memory.ts';
import { weightsOf } from './layer.ts';
import { cacheAppend, cachedAttention } from './operations/cached-attention.ts';
import { embeddingForward } from './operations/embedding.ts';
import { type ForwardEpilogue, linearForward } from './operations/linear.ts';
import { rmsNormForward } from './operations/rms-norm.ts';
import { embedding, finalNorm, headOf, layoutOf } from './parameters.ts';
import type { PassInputs } from './pass-inputs.ts';

/** What generation runs, before it is compiled. */
export interface GenerationRecording {
  /** New tokens through all layers, over what their sequences hold already: one of each sequence, or a block of them. */
  readonly single: ProgramBuilder;
  readonly block: ProgramBuilder;
  /** The ends of all sequences to logits. */
  readonly head: ProgramBuilder;
}

/** Throws TapestryError `device.too-small`. */
export function recordGeneration(
  adapter: Adapter,
  config: ModelConfig,
  memory: GenerationMemory,
  { sequences, storage, choices }: GenerationShape & { readonly choices: Choices },
): GenerationRecording {
  const pass = (inputs: PassInputs) => {
    const program = new ProgramBuilder(adapter, { storage, choices });
    recordPass({ program, config, memory, inputs }, sequences);
    return program;
  };
  const head = new ProgramBuilder(adapter, { storage, choices });
  recordHead(head, config, memory, sequences);
  return { single: pass(memory.single), block: pass(memory.block), head };
}

/** What is recorded, each operation on each shape once. */
export function sitesOf({ single, block, head }: GenerationRecording): RecordedSite[] {
  return distinctSites([single, block, head].flatMap((program) => program.sites));
}

/** What generation would run on an adapter, without anything being made there. Throws TapestryError `device.too-small`. */
export function generationSites(
  adapter: Adapter,
  config: ModelConfig,
  shape: GenerationShape,
): RecordedSite[] {
  const { allocator } = openLedger(adapter);
  const memory = makeGenerationMemory(allocator, config, layoutOf(config), shape);
  return sitesOf(recordGeneration(adapter, config, memory, { ...shape, choices: new Map() }));
}

/** R rows are a token each, of any sequences. */
interface PassContext {
  readonly program: ProgramBuilder;
  readonly config: ModelConfig;
  readonly memory: GenerationMemory;
  readonly inputs: PassInputs;
}

function recordPass(context: PassContext, sequences: number): void {
  const { program, config, memory, inputs } = context;
  const { rows } = inputs;
  const { tokens, lastRows } = inputs.bindings;
  const { dimension: width } = config;
  const embedded = program.stored(rows * width);
  for (const part of memory.vocabulary) {
    const table = memory.weights.rows(embedding, part);
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
  { weights, ends, vocabulary }: GenerationMemory,
  rows: number,
): void {
  const { dimension: inputs, normEpsilon: epsilon } = config;
  const normed = program.stored(rows * inputs);
  const norm = { gain: weights.gain(finalNorm), output: normed, inverse: program.activation(rows) };
  program.record(rmsNormForward, { rows, width: inputs, epsilon }, { input: whole(ends), ...norm });
  for (const { range: product, ...part } of vocabulary) {
    const shape = { rows, inputs, outputs: part.count, epilogue: { kind: 'plain' } } as const;
    const unused = { addend: normed, rotation: normed, activated: program.unused() };
    const right = weights.rows(headOf(config), part);
    program.record(linearForward, shape, { ...unused, left: normed, right, product });
  }
}

/** As `layerForward` of training, which attends over its own rows. */
function recordLayer(
  { program, config, memory: { weights }, inputs: { rows, bindings } }: PassContext,
  layer: number,
  cache: readonly CachePart[],
  input: Activation,
): Activation {
  const { dimension, feedForward, heads, keyValueHeads, normEpsilon: epsilon, contextLength } = config;
  const headSize = dimension / heads;
  const names = weightsOf(layer);
  const normed = (from: Activation, name: 'attentionNorm' | 'feedForwardNorm') => {
    const output = program.stored(rows * dimension);
    const inverse = program.activation(rows);
    const [gain] = names[name];
    const bound = { input: from, gain: weights.gain(gain), output, inverse };
    program.record(rmsNormForward, { rows, width: dimension, epsilon }, bound);
    return output;
  };
  const linear = (
    name: 'qkv' | 'attentionOutput' | 'gateUp' | 'down',
    left: Activation,
    [inputs, outputs]: readonly [number, number],
    epilogue: ForwardEpilogue,
    beside: { readonly addend?: Binding; readonly activated?: Binding } = {},
  ) => {
    const product = program.stored(rows * outputs);
    const unused = { addend: left, activated: program.unused(), rotation: bindings.rotation };
    const bound = { ...unused, ...beside, left, right: weights.matrix(...names[name]), product };
    program.record(linearForward, { rows, inputs, outputs, epilogue }, bound);
    return product;
  };

  const attentionInput = normed(input, 'attentionNorm');
  const qkvWidth = headSize * (heads + 2 * keyValueHeads);
  const turnedHeads = heads + keyValueHeads;
  const rotary = { kind: 'rotary', headSize, turnedHeads, sequence: rows } as const;
  const qkv = linear('qkv', attentionInput, [dimension, qkvWidth], rotary);
  const attended = program.stored(rows * dimension);
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
  const residual = { kind: 'addend' } as const;
  const middle = linear('attentionOutput', attended, [dimension, dimension], residual, { addend: input });
  const feedForwardInput = normed(middle, 'feedForwardNorm');
  const activated = program.stored(rows * feedForward);
  linear('gateUp', feedForwardInput, [dimension, 2 * feedForward], { kind: 'swiglu' }, { activated });
  return linear('down', activated, [feedForward, dimension], residual, { addend: middle });
}
