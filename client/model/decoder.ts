import { TapestryError } from '../errors.ts';
import type { Activation, Binding } from '../gpu/program.ts';
import type { ModelConfig } from './config.ts';
import { type DecoderContext, type LayerRecord, layerBackward, layerForward, rangeOf } from './layer.ts';
import {
  crossEntropy,
  embeddingBackward,
  embeddingForward,
  linearBackward,
  linearForward,
  rmsNormBackward,
  rmsNormForward,
} from './operations.ts';

/** What a batch is bound as. R = batch * sequence rows. */
export interface DecoderBindings {
  /** (R) token ids; (R) the rows sorted by token; (vocabulary + 1) where each token's rows begin in that order. */
  readonly tokens: Binding;
  readonly order: Binding;
  readonly starts: Binding;
  /** (R) target ids and losses. */
  readonly targets: Binding;
  readonly losses: Binding;
  /** The uniform whose first value is 1 / (counted targets). */
  readonly stepValues: Binding;
}

/** What the forward pass leaves for the backward pass. */
export interface DecoderRecord {
  readonly layers: readonly LayerRecord[];
  readonly stream: Activation; // (R, C), after the last layer
  readonly headInput: Activation; // (R, C), normed
  readonly inverse: Activation; // (R)
  readonly logitsGradient: Activation; // (R, V)
}

/** Throws TapestryError `config.shape` where the kernels, which read in vectors of 4, cannot run a configuration. */
export function checkShape(config: ModelConfig): void {
  const headSize = config.dimension / config.heads;
  const wrong =
    (headSize % 8 !== 0 && 'dimension / heads must be a multiple of 8') ||
    (config.heads % config.keyValueHeads !== 0 && 'heads must be a multiple of keyValueHeads') ||
    (config.feedForward % 8 !== 0 && 'feedForward must be a multiple of 8') ||
    (config.vocabularySize % 4 !== 0 && 'vocabularySize must be a multiple of 4; pad it');
  if (wrong) throw new TapestryError('config.shape', wrong, 'change the model configuration');
}

/** Cosines and sines of every position's angles, half a head of each: (sequence, headSize). */
export function rotationTable(config: ModelConfig, sequence: number): Float32Array<ArrayBuffer> {
  const headSize = config.dimension / config.heads;
  const half = headSize / 2;
  const table = new Float32Array(sequence * headSize);
  for (let position = 0; position < sequence; position++) {
    for (let i = 0; i < half; i++) {
      const angle = position * config.ropeTheta ** (-i / half);
      table[position * headSize + i] = Math.cos(angle);
      table[position * headSize + half + i] = Math.sin(angle);
    }
  }
  return table;
}

const embedding = 'model.embed_tokens.weight';
const norm = 'model.norm.weight';
const headOf = (config: ModelConfig) => (config.tiedHead ? embedding : 'lm_head.weight');

function shapesOf({ config, batch, sequence }: DecoderContext) {
  const { vocabularySize: vocabulary, dimension: width, normEpsilon: epsilon } = config;
  const rows = batch * sequence;
  return {
    embedding: { rows, vocabulary, width },
    norm: { rows, width, epsilon },
    head: { rows, inputs: width, outputs: vocabulary },
  };
}

/** Records tokens to losses. The logits become their own gradient on the way, which costs nothing more. */
export function decoderForward(context: DecoderContext, bindings: DecoderBindings): DecoderRecord {
  const { program, config, layout, parameters } = context;
  const shapes = shapesOf(context);
  const { rows, vocabulary, width } = shapes.embedding;
  const { tokens, targets, losses, stepValues } = bindings;
  const embedded = program.activation(rows * width);
  const table = rangeOf(layout, parameters, embedding);
  embeddingForward(program, { tokens, table, output: embedded }, shapes.embedding);
  const layers: LayerRecord[] = [];
  let stream = embedded;
  for (let layer = 0; layer < config.layers; layer++) {
    const record = layerForward(context, layer, stream);
    layers.push(record);
    stream = record.output;
  }
  const headInput = program.activation(rows * width);
  const inverse = program.activation(rows);
  const gain = rangeOf(layout, parameters, norm);
  rmsNormForward(program, { input: stream, gain, output: headInput, inverse }, shapes.norm);
  const logits = program.activation(rows * vocabulary);
  const weight = rangeOf(layout, parameters, headOf(config));
  linearForward(program, { input: headInput, weight, output: logits }, shapes.head);
  crossEntropy(program, { stepValues, targets, logits, losses }, { rows, vocabulary });
  return { layers, stream, headInput, inverse, logitsGradient: logits };
}

/** Records losses to the gradient of every parameter: each is written with =, a tied embedding then added to. */
export function decoderBackward(
  context: DecoderContext,
  bindings: DecoderBindings,
  record: DecoderRecord,
): void {
  const { program, config, layout, parameters, gradient } = context;
  const shapes = shapesOf(context);
  const { rows, width } = shapes.embedding;
  const headGradient = program.activation(rows * width);
  linearBackward(
    program,
    {
      input: record.headInput,
      weight: rangeOf(layout, parameters, headOf(config)),
      outputGradient: record.logitsGradient,
      inputGradient: headGradient,
      weightGradient: rangeOf(layout, gradient, headOf(config)),
    },
    shapes.head,
  );
  // The residual stream's gradient: every layer adds its branches' parts in place.
  const streamGradient = program.activation(rows * width);
  rmsNormBackward(
    program,
    {
      input: record.stream,
      gain: rangeOf(layout, parameters, norm),
      savedInverse: record.inverse,
      outputGradient: headGradient,
      inputGradient: streamGradient,
      gainGradient: rangeOf(layout, gradient, norm),
    },
    shapes.norm,
    false,
  );
  for (const [layer, layerRecord] of [...record.layers.entries()].reverse())
    layerBackward(context, layer, layerRecord, streamGradient);
  const { order, starts } = bindings;
  const tableGradient = rangeOf(layout, gradient, embedding);
  embeddingBackward(
    program,
    { order, starts, outputGradient: streamGradient, tableGradient },
    shapes.embedding,
    config.tiedHead,
  );
}
