import { headSizeOf, queryWidthOf } from '../formats/decoder/head-size.ts';
import type { Activation, Binding, ProgramBuilder } from '../gpu/program.ts';
import { AdaptedLayer, type AdapterRecord } from './adapter/adapted-layer.ts';
import { type ModelConfig, paddedExtents } from './config.ts';
import type { InputGradient } from './linear-layer.ts';
import type { ModelParameters } from './model-parameters.ts';
import { NormLayer } from './norm-layer.ts';
import {
  attentionBackwardKeyValue,
  attentionBackwardQuery,
  attentionForward,
} from './operations/attention.ts';

/** The inputs shared by all layers of a recorded decoder. R = batch * sequence rows, C = dimension, F = feedForward. */
export interface DecoderContext {
  readonly program: ProgramBuilder;
  readonly config: ModelConfig;
  readonly batch: number;
  readonly sequence: number;
  readonly parameters: ModelParameters;
  /** (sequence, headSize): a position's cosines, then its sines. */
  readonly rotation: Binding;
  /** (R, 2): how many positions of the window come before each row's document, and how many after it. */
  readonly documents: Binding;
  /** True if the weights of rows are known only after the forward pass, because they depend on the rows' losses. */
  readonly lateWeights: boolean;
  /** True if gradients are added to those of an earlier part of the batch. */
  readonly accumulate: boolean;
  /**
   * True if the forward pass saves only each layer's input and the backward pass recomputes the rest (gradient checkpointing,
   * Chen et al. 2016, arXiv 1604.06174): less memory for a third more time, and the same bits.
   */
  readonly recompute: boolean;
}

/** Activations that a layer's forward pass saves for its backward pass. */
export interface LayerRecord {
  readonly input: Activation; // (R, C)
  readonly attentionInput: Activation; // (R, C), normed
  readonly attentionInverse: Activation; // (R)
  readonly qkv: Activation; // (R, queryWidth + 2 keyValueWidth), rotated
  readonly attended: Activation; // (R, queryWidth)
  readonly logSums: Activation; // (R, heads)
  readonly middle: Activation; // (R, C), after the attention's residual
  readonly feedForwardInput: Activation; // (R, C), normed
  readonly feedForwardInverse: Activation; // (R)
  readonly projected: Activation; // (R, 2 F): gate, up
  readonly activated: Activation; // (R, F)
  /** Activations of the matrices' adapters. */
  readonly adapters: Readonly<Record<LinearName, AdapterRecord | undefined>>;
}

/** The matrices of a layer, by the names of `weightsOf`. */
type LinearName = 'qkv' | 'attentionOutput' | 'gateUp' | 'down';

/** Queries, keys and values are adjacent in the flat vector and are read as one matrix; so are gate and up. */
export function weightsOf(layer: number) {
  const within = `model.layers.${layer}.`;
  return {
    attentionNorm: [`${within}input_layernorm.weight`],
    qkv: ['q', 'k', 'v'].map((name) => `${within}self_attn.${name}_proj.weight`),
    attentionOutput: [`${within}self_attn.o_proj.weight`],
    feedForwardNorm: [`${within}post_attention_layernorm.weight`],
    gateUp: ['gate', 'up'].map((name) => `${within}mlp.${name}_proj.weight`),
    down: [`${within}mlp.down_proj.weight`],
  } as const;
}

function shapesOf({ config, batch, sequence }: DecoderContext) {
  const { dimension: width, heads, keyValueHeads, normEpsilon: epsilon } = config;
  const { feedForward } = paddedExtents(config);
  const rows = batch * sequence;
  const [headSize, queryWidth] = [headSizeOf(config), queryWidthOf(config)];
  return {
    rows,
    norm: { rows, width, epsilon },
    qkv: { rows, inputs: width, outputs: headSize * (heads + 2 * keyValueHeads) },
    rotary: { kind: 'rotary', headSize, rotatedHeads: heads + keyValueHeads, sequence },
    attention: { batch, sequence, heads, keyValueHeads, headSize },
    attentionOutput: { rows, inputs: queryWidth, outputs: width },
    gateUp: { rows, inputs: width, outputs: 2 * feedForward },
    down: { rows, inputs: feedForward, outputs: width },
  } as const;
}

/** Recorders for the parts of a layer that have parameters, used in both passes. */
function partsOf(context: DecoderContext, layer: number) {
  const { program, parameters } = context;
  const shapes = shapesOf(context);
  const names = weightsOf(layer);
  const linear = (name: LinearName) =>
    new AdaptedLayer(program, shapes[name], parameters.matrix(...names[name]));
  const norm = (name: 'attentionNorm' | 'feedForwardNorm') =>
    new NormLayer(program, shapes.norm, parameters.gain(names[name][0]));
  return { linear, norm };
}

/** Records y = x + attention(norm(x)), then y + feedForward(norm(y)). Returns the saved activations and the output (R, C). */
export function layerForward(
  context: DecoderContext,
  layer: number,
  input: Activation,
): { record: LayerRecord; output: Activation } {
  const { program, config } = context;
  const record = layerActivations(context, layer, input);
  const output = program.stored(shapesOf(context).rows * config.dimension);
  const { linear } = partsOf(context, layer);
  linear('down').forward(
    record.activated,
    output,
    { kind: 'plain' },
    { addend: record.middle },
    record.adapters.down,
  );
  return { record, output };
}

/** Records a layer's forward pass except its last product: all activations that the backward pass needs. */
export function layerActivations(context: DecoderContext, layer: number, input: Activation): LayerRecord {
  const { program, config, rotation, documents } = context;
  const shapes = shapesOf(context);
  const { linear, norm } = partsOf(context, layer);
  const rowsOf = (width: number) => program.stored(shapes.rows * width);
  const record = {
    input,
    attentionInput: rowsOf(config.dimension),
    attentionInverse: program.activation(shapes.rows),
    qkv: rowsOf(shapes.qkv.outputs),
    attended: rowsOf(shapes.attentionOutput.inputs),
    logSums: program.activation(shapes.rows * config.heads),
    middle: rowsOf(config.dimension),
    feedForwardInput: rowsOf(config.dimension),
    feedForwardInverse: program.activation(shapes.rows),
    projected: rowsOf(shapes.gateUp.outputs),
    activated: rowsOf(shapes.down.inputs),
  };
  const { attentionInput, qkv, attended, logSums, middle, feedForwardInput, projected, activated } = record;
  norm('attentionNorm').forward(input, attentionInput, record.attentionInverse);
  const qkvAdapter = linear('qkv').adapt(attentionInput);
  linear('qkv').forward(attentionInput, qkv, shapes.rotary, { rotation }, qkvAdapter);
  program.record(attentionForward, shapes.attention, { documents, qkv, output: attended, logSums });
  const attentionOutput = linear('attentionOutput').adapt(attended);
  linear('attentionOutput').forward(attended, middle, { kind: 'plain' }, { addend: input }, attentionOutput);
  norm('feedForwardNorm').forward(middle, feedForwardInput, record.feedForwardInverse);
  const gateUp = linear('gateUp').adapt(feedForwardInput);
  linear('gateUp').forward(feedForwardInput, projected, { kind: 'swiglu' }, { activated }, gateUp);
  const down = linear('down').adapt(activated);
  return { ...record, adapters: { qkv: qkvAdapter, attentionOutput, gateUp, down } };
}

/** The order in which the backward pass reaches a layer's parameters. */
const backwardOrder = [
  'down',
  'gateUp',
  'feedForwardNorm',
  'attentionOutput',
  'qkv',
  'attentionNorm',
] as const satisfies (keyof ReturnType<typeof weightsOf>)[];

/**
 * Records the backward pass: `streamGradient` (R, C) holds the output's gradient before and the input's after. It stops after
 * the layer's last trained parameters unless something `below` the layer is trained.
 */
export function layerBackward(
  context: DecoderContext,
  layer: number,
  record: LayerRecord,
  streamGradient: Activation,
  below: boolean,
): void {
  const { program, config, parameters, rotation, documents, accumulate } = context;
  const shapes = shapesOf(context);
  const { linear, norm } = partsOf(context, layer);
  const rowsOf = (width: number) => program.stored(shapes.rows * width);
  const names = weightsOf(layer);
  const reached = backwardOrder.findLastIndex((name) => parameters.trains(...names[name]));
  const endsAt = (name: (typeof backwardOrder)[number]) => !below && backwardOrder.indexOf(name) >= reached;
  const throughLinear = (
    name: LinearName,
    input: Activation,
    outputGradient: Activation,
    width: number,
    inputGradient: Omit<InputGradient, 'product'> = { epilogue: 'plain' },
  ): Activation | undefined => {
    const product = endsAt(name) ? undefined : rowsOf(width);
    const wanted = product && { ...inputGradient, product };
    linear(name).backward(input, outputGradient, accumulate, wanted, record.adapters[name]);
    return product;
  };
  const throughNorm = (
    name: 'attentionNorm' | 'feedForwardNorm',
    saved: { readonly input: Activation; readonly savedInverse: Activation },
    outputGradient: Activation,
  ): void => {
    const wanted = endsAt(name) ? undefined : { product: streamGradient, accumulate: true };
    norm(name).backward(saved, outputGradient, accumulate, wanted);
  };

  const swiglu = { epilogue: 'swigluBackward', projected: record.projected } as const;
  const projectedGradient = throughLinear(
    'down',
    record.activated,
    streamGradient,
    shapes.gateUp.outputs,
    swiglu,
  );
  if (projectedGradient === undefined) return;
  const feedForwardGradient = throughLinear(
    'gateUp',
    record.feedForwardInput,
    projectedGradient,
    config.dimension,
  );
  if (feedForwardGradient === undefined) return;
  const feedForward = { input: record.middle, savedInverse: record.feedForwardInverse };
  throughNorm('feedForwardNorm', feedForward, feedForwardGradient);
  if (endsAt('feedForwardNorm')) return;

  const queryWidth = shapes.attentionOutput.inputs;
  const outputGradient = throughLinear('attentionOutput', record.attended, streamGradient, queryWidth);
  if (outputGradient === undefined) return;
  const qkvGradient = rowsOf(shapes.qkv.outputs);
  const deltas = program.activation(shapes.rows * config.heads);
  const saved = { qkv: record.qkv, savedLogSums: record.logSums };
  const shared = { rotation, documents, ...saved, outputGradient, qkvGradient };
  program.record(attentionBackwardQuery, shapes.attention, {
    ...shared,
    savedOutput: record.attended,
    deltas,
  });
  program.record(attentionBackwardKeyValue, shapes.attention, { ...shared, savedDeltas: deltas });
  const attentionGradient = throughLinear('qkv', record.attentionInput, qkvGradient, config.dimension);
  if (attentionGradient === undefined) return;
  const attention = { input: record.input, savedInverse: record.attentionInverse };
  throughNorm('attentionNorm', attention, attentionGradient);
}
