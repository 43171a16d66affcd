import type { FlatVector } from '../gpu/flat-vector.ts';
import type { Activation, Binding, ProgramBuilder } from '../gpu/program.ts';
import type { ModelConfig } from './config.ts';
import { rangeOf, weightsOf } from './layer.ts';
import { cacheAppend, cachedAttention } from './operations/cached-attention.ts';
import { embeddingForward } from './operations/embedding.ts';
import { type ForwardEpilogue, linearForward } from './operations/linear.ts';
import { rmsNormForward } from './operations/rms-norm.ts';
import { embedding, finalNorm, headOf, type ParameterLayout } from './parameters.ts';

/** What the pass over new tokens is recorded with. R rows are a token each, of any sequences. */
export interface CachedContext {
  readonly program: ProgramBuilder;
  readonly config: ModelConfig;
  readonly layout: ParameterLayout;
  readonly rows: number;
  /** The flat vector; and as matrices are read, in the program's storage (in float32 the same). */
  readonly parameters: FlatVector;
  readonly weights: FlatVector;
}

export interface CachedBindings {
  /** (R) token ids. */
  readonly tokens: Binding;
  /** (R) sequence and position; a row of sequence 0xffffffff is nothing. */
  readonly places: Binding;
  /** (R, headSize): the cosines, then the sines of each row's position. */
  readonly rotation: Binding;
  /** A layer: (sequences, contextLength, 2 keyValueWidth), keys then values. */
  readonly caches: readonly Binding[];
  /** (S) the row that ends each sequence's new tokens; 0xffffffff where none does. */
  readonly lastRows: Binding;
  /** (S, C): there the residual stream of these rows is left; the others stay. */
  readonly ends: Binding;
}

/** Records the pass of R tokens through all layers, over what their sequences hold already. */
export function cachedForward(context: CachedContext, bindings: CachedBindings, sequences: number): void {
  const { program, config, layout, rows, weights } = context;
  const { vocabularySize: vocabulary, dimension: width } = config;
  const embedded = program.stored(rows * width);
  const table = rangeOf(layout, weights, embedding);
  const { tokens, lastRows, ends } = bindings;
  program.record(embeddingForward, { rows, vocabulary, width }, { tokens, table, output: embedded });
  let stream = embedded;
  for (const [layer, cache] of bindings.caches.entries())
    stream = layerForward(context, { ...bindings, cache }, layer, stream);
  const picked = { rows: sequences, vocabulary: rows, width };
  program.record(embeddingForward, picked, { tokens: lastRows, table: stream, output: ends });
}

/** Records `ends` (R, C) to logits (R, vocabulary). */
export function headForward(
  context: CachedContext,
  { ends, logits }: { ends: Binding; logits: Binding },
): void {
  const { program, config, layout, rows, parameters, weights } = context;
  const { vocabularySize: outputs, dimension: inputs, normEpsilon: epsilon } = config;
  const normed = program.stored(rows * inputs);
  const inverse = program.activation(rows);
  const gain = rangeOf(layout, parameters, finalNorm);
  program.record(
    rmsNormForward,
    { rows, width: inputs, epsilon },
    { input: ends, gain, output: normed, inverse },
  );
  const right = rangeOf(layout, weights, headOf(config));
  const shape = { rows, inputs, outputs, epilogue: { kind: 'plain' } } as const;
  const unused = { addend: normed, rotation: normed, activated: program.unused() };
  program.record(linearForward, shape, { ...unused, left: normed, right, product: logits });
}

/** As `layerForward` of training, which attends over its own rows. */
function layerForward(
  { program, config, layout, rows, parameters, weights }: CachedContext,
  { places, rotation, cache }: { places: Binding; rotation: Binding; cache: Binding },
  layer: number,
  input: Activation,
): Activation {
  const { dimension, feedForward, heads, keyValueHeads, normEpsilon: epsilon, contextLength } = config;
  const headSize = dimension / heads;
  const names = weightsOf(layer);
  const normed = (from: Activation, name: 'attentionNorm' | 'feedForwardNorm') => {
    const output = program.stored(rows * dimension);
    const gain = rangeOf(layout, parameters, ...names[name]);
    const inverse = program.activation(rows);
    program.record(
      rmsNormForward,
      { rows, width: dimension, epsilon },
      { input: from, gain, output, inverse },
    );
    return output;
  };
  const linear = (
    name: 'qkv' | 'attentionOutput' | 'gateUp' | 'down',
    left: Activation,
    [inputs, outputs]: readonly [number, number],
    epilogue: ForwardEpilogue,
    beside: { addend?: Activation; activated?: Activation } = {},
  ) => {
    const product = program.stored(rows * outputs);
    const right = rangeOf(layout, weights, ...names[name]);
    const bindings = { addend: left, activated: program.unused(), ...beside, left, right, rotation, product };
    program.record(linearForward, { rows, inputs, outputs, epilogue }, bindings);
    return product;
  };

  const attentionInput = normed(input, 'attentionNorm');
  const qkvWidth = headSize * (heads + 2 * keyValueHeads);
  const turnedHeads = heads + keyValueHeads;
  const rotary = { kind: 'rotary', headSize, turnedHeads, sequence: rows } as const;
  const qkv = linear('qkv', attentionInput, [dimension, qkvWidth], rotary);
  const attention = { rows, heads, keyValueHeads, headSize, positions: contextLength };
  const attended = program.stored(rows * dimension);
  program.record(cacheAppend, attention, { places, qkv, cache });
  program.record(cachedAttention, attention, { places, qkv, savedCache: cache, output: attended });
  const residual = { kind: 'addend' } as const;
  const middle = linear('attentionOutput', attended, [dimension, dimension], residual, { addend: input });
  const feedForwardInput = normed(middle, 'feedForwardNorm');
  const activated = program.stored(rows * feedForward);
  linear('gateUp', feedForwardInput, [dimension, 2 * feedForward], { kind: 'swiglu' }, { activated });
  return linear('down', activated, [feedForward, dimension], residual, { addend: middle });
}
