import { TapestryError } from '../errors.ts';
import type { Activation, Binding } from '../gpu/program.ts';
import type { ModelConfig } from './config.ts';
import { type HeadBindings, type HeadRecord, headBackward, headForward } from './head.ts';
import {
  type DecoderContext,
  type LayerRecord,
  layerActivations,
  layerBackward,
  layerForward,
  rangeOf,
  rowRange,
} from './layer.ts';
import { embeddingBackward, embeddingForward } from './operations/embedding.ts';
import { rmsNormBackward, rmsNormBackwardGain, rmsNormForward } from './operations/rms-norm.ts';
import { embedding, finalNorm } from './parameters.ts';
import { embeddingParts } from './vocabulary-parts.ts';

/** What a batch is bound as. R = batch * sequence rows. */
export interface DecoderBindings extends HeadBindings {
  /** (R) token ids; (R) the rows sorted by token; (vocabulary + 1) where each token's rows begin in that order. */
  readonly tokens: Binding;
  readonly order: Binding;
  readonly starts: Binding;
}

/** What the forward pass leaves for the backward pass. */
export interface DecoderRecord {
  readonly layers: readonly LayerRecord[];
  readonly stream: Activation; // (R, C), after the last layer
  readonly inverse: Activation; // (R)
  readonly head: HeadRecord;
}

/** Throws TapestryError `config.shape` where the kernels, which read in vectors of 4, cannot run a configuration. */
export function checkShape(config: ModelConfig): void {
  const headSize = config.dimension / config.heads;
  const wrong =
    ((headSize % 8 !== 0 || headSize > 128) &&
      'dimension / heads must be a multiple of 8, and at most 128') ||
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

function shapesOf({ config, batch, sequence }: DecoderContext) {
  const { dimension: width, normEpsilon: epsilon } = config;
  const rows = batch * sequence;
  return { rows, width, norm: { rows, width, epsilon } };
}

/** Records tokens to losses. */
export function decoderForward(context: DecoderContext, bindings: DecoderBindings): DecoderRecord {
  const { program, config, layout, parameters, weights } = context;
  const shapes = shapesOf(context);
  const { rows, width } = shapes;
  const { tokens } = bindings;
  const embedded = program.stored(rows * width);
  for (const part of embeddingParts(context)) {
    const table = rowRange(layout, weights, embedding, part);
    const shape = { rows, width, vocabulary: part.count, firstToken: part.first };
    program.record(embeddingForward, shape, { tokens, table, output: embedded });
  }
  const layers: LayerRecord[] = [];
  let stream = embedded;
  for (let layer = 0; layer < config.layers; layer++) {
    const { record, output } = layerForward(context, layer, stream);
    layers.push(record);
    stream = output;
  }
  const headInput = program.stored(rows * width);
  const inverse = program.activation(rows);
  const gain = rangeOf(layout, parameters, finalNorm);
  program.record(rmsNormForward, shapes.norm, { input: stream, gain, output: headInput, inverse });
  const head = headForward(context, bindings, headInput);
  return { layers, stream, inverse, head };
}

/** Records losses to the gradient of every parameter, in one pass over the flat vector's tensors. */
export function decoderBackward(
  context: DecoderContext,
  bindings: DecoderBindings,
  { layers, stream, inverse, head }: DecoderRecord,
): void {
  const { program, config, layout, parameters, gradient, accumulate, recompute } = context;
  const shapes = shapesOf(context);
  const { rows, width } = shapes;
  const headGradient = headBackward(context, bindings, head);
  // The residual stream's gradient: every layer adds its branches' parts in place.
  const streamGradient = program.stored(rows * width);
  const shared = { input: stream, savedInverse: inverse, outputGradient: headGradient };
  const gainGradient = rangeOf(layout, gradient, finalNorm);
  program.record(rmsNormBackwardGain, { ...shapes.norm, accumulate }, { ...shared, gainGradient });
  const gain = rangeOf(layout, parameters, finalNorm);
  program.record(rmsNormBackward, shapes.norm, { ...shared, gain, inputGradient: streamGradient });
  for (const [layer, kept] of [...layers.entries()].reverse()) {
    const record = recompute ? layerActivations(context, layer, kept.input) : kept;
    layerBackward(context, layer, record, streamGradient);
  }
  const { order, starts } = bindings;
  for (const part of embeddingParts(context)) {
    const tableGradient = rowRange(layout, gradient, embedding, part);
    const shape = { rows, width, vocabulary: part.count, firstToken: part.first };
    program.record(
      embeddingBackward,
      { ...shape, accumulate: accumulate || config.tiedHead },
      { order, starts, outputGradient: streamGradient, tableGradient },
    );
  }
}
