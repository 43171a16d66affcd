import { TapestryError } from '../errors.ts';
import { headSizeOf } from '../formats/decoder/head-size.ts';
import { rotaryFrequency } from '../formats/decoder/rope-scaling.ts';
import type { Activation, Binding } from '../gpu/program.ts';
import type { ModelConfig } from './config.ts';
import { type HeadBindings, type HeadRecord, headBackward, headForward } from './head.ts';
import {
  type DecoderContext,
  type LayerRecord,
  layerActivations,
  layerBackward,
  layerForward,
  weightsOf,
} from './layer.ts';
import { NormLayer } from './norm-layer.ts';
import { embeddingBackward, embeddingForward } from './operations/embedding.ts';
import { embedding, finalNorm } from './parameters.ts';
import { embeddingParts } from './vocabulary-parts.ts';

/** The bindings of a batch. R = batch * sequence rows. */
export interface DecoderBindings extends HeadBindings {
  /** (R) token ids; (R) the rows sorted by token; (vocabulary + 1) where each token's rows begin in that order. */
  readonly tokens: Binding;
  readonly order: Binding;
  readonly starts: Binding;
}

/** Activations that the forward pass saves for the backward pass. */
export interface DecoderRecord {
  readonly layers: readonly LayerRecord[];
  readonly stream: Activation; // (R, C), after the last layer
  readonly inverse: Activation; // (R)
  readonly head: HeadRecord;
}

/** Throws TapestryError `config.shape` if the kernels, which read vectors of 4, cannot run a configuration. */
export function checkShape(config: ModelConfig): void {
  const headSize = headSizeOf(config);
  const wrong =
    ((headSize % 8 !== 0 || headSize > 128) &&
      `the size of a head must be a multiple of 8, and at most 128: it is ${headSize}`) ||
    (config.dimension % 8 !== 0 && 'dimension must be a multiple of 8') ||
    (config.heads % config.keyValueHeads !== 0 && 'heads must be a multiple of keyValueHeads');
  if (wrong) throw new TapestryError('config.shape', wrong, 'change the model configuration');
}

/** (sequence, headSize): for each position headSize / 2 cosines of its rotary angles, then headSize / 2 sines. */
export function rotationTable(config: ModelConfig, sequence: number): Float32Array<ArrayBuffer> {
  const headSize = headSizeOf(config);
  const half = headSize / 2;
  const table = new Float32Array(sequence * headSize);
  for (let position = 0; position < sequence; position++) {
    for (let i = 0; i < half; i++) {
      const angle = position * rotaryFrequency(config, i, half);
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

function finalNormOf(context: DecoderContext): NormLayer {
  const { program, parameters } = context;
  return new NormLayer(program, shapesOf(context).norm, parameters.gain(finalNorm));
}

/** Records the pass from tokens to losses. */
export function decoderForward(context: DecoderContext, bindings: DecoderBindings): DecoderRecord {
  const { program, config, parameters } = context;
  const { rows, width } = shapesOf(context);
  const { tokens } = bindings;
  const embedded = program.stored(rows * width);
  for (const part of embeddingParts(context)) {
    const table = parameters.rows(embedding, part).values;
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
  finalNormOf(context).forward(stream, headInput, inverse);
  const head = headForward(context, bindings, headInput);
  return { layers, stream, inverse, head };
}

/**
 * Records the pass from losses to the gradient of every trained parameter, from the last tensor to the first. It stops at the
 * first trained tensor.
 */
export function decoderBackward(
  context: DecoderContext,
  bindings: DecoderBindings,
  { layers, stream, inverse, head }: DecoderRecord,
): void {
  const { program, config, parameters, accumulate, recompute } = context;
  const { rows, width } = shapesOf(context);
  const embeds = parameters.trains(embedding);
  const trained = layers.map((_, layer) => parameters.trains(...Object.values(weightsOf(layer)).flat()));
  /** True if the gradient of a layer's input is needed; `layer` = number of layers asks for the final norm's input. */
  const below = (layer: number) => embeds || trained.slice(0, layer).includes(true);

  const reached = below(layers.length);
  const headGradient = headBackward(context, bindings, head, reached || parameters.trains(finalNorm));
  if (headGradient === undefined) return;
  // The residual stream's gradient: every layer adds the gradients of its two branches in place.
  const streamGradient = program.stored(rows * width);
  const wanted = reached ? { product: streamGradient, accumulate: false } : undefined;
  const saved = { input: stream, savedInverse: inverse };
  finalNormOf(context).backward(saved, headGradient, accumulate, wanted);
  for (const [layer, kept] of [...layers.entries()].reverse()) {
    if (!below(layer + 1)) return;
    const record = recompute ? layerActivations(context, layer, kept.input) : kept;
    layerBackward(context, layer, record, streamGradient, below(layer));
  }
  const { order, starts } = bindings;
  for (const part of embeddingParts(context)) {
    const tableGradient = parameters.rows(embedding, part).gradient;
    if (tableGradient === undefined) return;
    const shape = { rows, width, vocabulary: part.count, firstToken: part.first };
    program.record(
      embeddingBackward,
      { ...shape, accumulate: accumulate || (config.tiedHead && !config.scores) },
      { order, starts, outputGradient: streamGradient, tableGradient },
    );
  }
}
