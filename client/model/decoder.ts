import { TapestryError } from '../errors.ts';
import type { Activation, Binding } from '../gpu/program.ts';
import type { ModelConfig } from './config.ts';
import { type DecoderContext, type LayerRecord, layerBackward, layerForward, rangeOf } from './layer.ts';
import { crossEntropy } from './operations/cross-entropy.ts';
import { embeddingBackward, embeddingForward } from './operations/embedding.ts';
import { linearBackwardInput, linearBackwardWeight, linearForward } from './operations/linear.ts';
import { rmsNormBackward, rmsNormBackwardGain, rmsNormForward } from './operations/rms-norm.ts';

/** What a batch is bound as. R = batch * sequence rows. */
export interface DecoderBindings {
  /** (R) token ids; (R) the rows sorted by token; (vocabulary + 1) where each token's rows begin in that order. */
  readonly tokens: Binding;
  readonly order: Binding;
  readonly starts: Binding;
  /** (R) target ids and losses. */
  readonly targets: Binding;
  readonly losses: Binding;
  /** The uniform whose first value is 1 / (counted targets), and the buffer whose first value is the loss scale. */
  readonly stepValues: Binding;
  readonly scaling: Binding;
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

export const embedding = 'model.embed_tokens.weight';
export const norm = 'model.norm.weight';
export const headOf = (config: ModelConfig) => (config.tiedHead ? embedding : 'lm_head.weight');

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
  const { program, config, layout, parameters, weights, rotation } = context;
  const shapes = shapesOf(context);
  const { rows, vocabulary, width } = shapes.embedding;
  const { tokens, targets, losses, stepValues, scaling } = bindings;
  const embedded = program.stored(rows * width);
  const table = rangeOf(layout, weights, embedding);
  program.record(embeddingForward, shapes.embedding, { tokens, table, output: embedded });
  const layers: LayerRecord[] = [];
  let stream = embedded;
  for (let layer = 0; layer < config.layers; layer++) {
    const record = layerForward(context, layer, stream);
    layers.push(record);
    stream = record.output;
  }
  const headInput = program.stored(rows * width);
  const inverse = program.activation(rows);
  const gain = rangeOf(layout, parameters, norm);
  program.record(rmsNormForward, shapes.norm, { input: stream, gain, output: headInput, inverse });
  const logits = program.stored(rows * vocabulary);
  const right = rangeOf(layout, weights, headOf(config));
  program.record(
    linearForward,
    { ...shapes.head, epilogue: { kind: 'plain' } },
    { left: headInput, right, addend: headInput, rotation, product: logits, activated: program.unused() },
  );
  program.record(crossEntropy, { rows, vocabulary }, { stepValues, scaling, targets, logits, losses });
  return { layers, stream, headInput, inverse, logitsGradient: logits };
}

/** Records losses to the gradient of every parameter, in one pass over the flat vector's tensors. */
export function decoderBackward(
  context: DecoderContext,
  bindings: DecoderBindings,
  record: DecoderRecord,
): void {
  const { program, config, layout, parameters, weights, gradient, accumulate } = context;
  const shapes = shapesOf(context);
  const { rows, width } = shapes.embedding;
  const left = record.logitsGradient;
  const weightGradient = rangeOf(layout, gradient, headOf(config));
  const headBindings = { left, right: record.headInput, weightGradient };
  program.record(linearBackwardWeight, { ...shapes.head, accumulate }, headBindings);
  const headGradient = program.stored(rows * width);
  program.record(
    linearBackwardInput,
    { ...shapes.head, epilogue: 'plain' },
    { left, right: rangeOf(layout, weights, headOf(config)), projected: left, product: headGradient },
  );
  // The residual stream's gradient: every layer adds its branches' parts in place.
  const streamGradient = program.stored(rows * width);
  const shared = { input: record.stream, savedInverse: record.inverse, outputGradient: headGradient };
  const gainGradient = rangeOf(layout, gradient, norm);
  program.record(rmsNormBackwardGain, { ...shapes.norm, accumulate }, { ...shared, gainGradient });
  const gain = rangeOf(layout, parameters, norm);
  program.record(rmsNormBackward, shapes.norm, { ...shared, gain, inputGradient: streamGradient });
  for (const [layer, layerRecord] of [...record.layers.entries()].reverse())
    layerBackward(context, layer, layerRecord, streamGradient);
  const { order, starts } = bindings;
  const tableGradient = rangeOf(layout, gradient, embedding);
  program.record(
    embeddingBackward,
    { ...shapes.embedding, accumulate: accumulate || config.tiedHead },
    { order, starts, outputGradient: streamGradient, tableGradient },
  );
}
