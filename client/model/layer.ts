import type { FlatVector } from '../gpu/flat-vector.ts';
import type { Activation, Binding, BufferRange, ProgramBuilder } from '../gpu/program.ts';
import type { ModelConfig } from './config.ts';
import {
  attentionBackwardKeyValue,
  attentionBackwardQuery,
  attentionForward,
} from './operations/attention.ts';
import {
  type ForwardEpilogue,
  type LinearShape,
  linearBackwardInput,
  linearBackwardWeight,
  linearForward,
} from './operations/linear.ts';
import { rmsNormBackward, rmsNormBackwardGain, rmsNormForward } from './operations/rms-norm.ts';
import type { ParameterLayout } from './parameters.ts';

/** What every layer of a decoder is recorded with. R = batch * sequence rows, C = dimension, F = feedForward. */
export interface DecoderContext {
  readonly program: ProgramBuilder;
  readonly config: ModelConfig;
  readonly layout: ParameterLayout;
  readonly batch: number;
  readonly sequence: number;
  /** The flat vector; as matrices are read, in the program's storage (in float32 the same); and its gradient. */
  readonly parameters: FlatVector;
  readonly weights: FlatVector;
  readonly gradient: FlatVector;
  /** (sequence, headSize): a position's cosines, then its sines. */
  readonly rotation: Binding;
  /** Whether gradients are added to those of an earlier part of the batch. */
  readonly accumulate: boolean;
  /**
   * Whether the forward pass keeps each layer's input only, and the backward pass computes the rest once more (gradient
   * checkpointing, Chen et al. 2016, arXiv 1604.06174): less memory for a third more time, and the same bits.
   */
  readonly recompute: boolean;
}

/** What the forward pass of a layer leaves for its backward pass. */
export interface LayerRecord {
  readonly input: Activation; // (R, C)
  readonly attentionInput: Activation; // (R, C), normed
  readonly attentionInverse: Activation; // (R)
  readonly qkv: Activation; // (R, C + 2 keyValueWidth), rotated
  readonly attended: Activation; // (R, C)
  readonly logSums: Activation; // (R, heads)
  readonly middle: Activation; // (R, C), after the attention's residual
  readonly feedForwardInput: Activation; // (R, C), normed
  readonly feedForwardInverse: Activation; // (R)
  readonly projected: Activation; // (R, 2 F): gate, up
  readonly activated: Activation; // (R, F)
}

/** Where so many rows of a matrix are in a flat vector. */
export function rowRange(
  layout: ParameterLayout,
  vector: FlatVector,
  name: string,
  { first, count }: { readonly first: number; readonly count: number },
): BufferRange {
  const place = layout.tensors.find((tensor) => tensor.name === name);
  if (place === undefined) throw new Error(`the layout has no tensor ${name}`);
  const width = place.shape[1] ?? 1;
  return vector.range(place.offset + first * width, count * width);
}

/** Where tensors that lie side by side are in a flat vector. */
export function rangeOf(
  layout: ParameterLayout,
  vector: FlatVector,
  ...names: readonly string[]
): BufferRange {
  const places = names.map((name) => {
    const place = layout.tensors.find((tensor) => tensor.name === name);
    if (place === undefined) throw new Error(`the layout has no tensor ${name}`);
    return place;
  });
  const offset = places[0]?.offset ?? 0;
  const end = places.reduce((at, place) => {
    if (place.offset !== at) throw new Error(`${names.join(', ')} do not lie side by side`);
    return at + place.size;
  }, offset);
  return vector.range(offset, end - offset);
}

/** Queries, keys and values are one matrix, as are gate and up: side by side in the flat vector. */
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
  const { dimension: width, heads, keyValueHeads, feedForward, normEpsilon: epsilon } = config;
  const rows = batch * sequence;
  const headSize = width / heads;
  return {
    rows,
    norm: { rows, width, epsilon },
    qkv: { rows, inputs: width, outputs: headSize * (heads + 2 * keyValueHeads) },
    rotary: { kind: 'rotary', headSize, turnedHeads: heads + keyValueHeads, sequence },
    attention: { batch, sequence, heads, keyValueHeads, headSize },
    attentionOutput: { rows, inputs: width, outputs: width },
    gateUp: { rows, inputs: width, outputs: 2 * feedForward },
    down: { rows, inputs: feedForward, outputs: width },
  } as const;
}

/** Records x + attention(norm(x)), then y + feedForward(norm(y)); returns what it leaves, and its output (R, C). */
export function layerForward(
  context: DecoderContext,
  layer: number,
  input: Activation,
): { record: LayerRecord; output: Activation } {
  const { program, config } = context;
  const shapes = shapesOf(context);
  const record = layerActivations(context, layer, input);
  const output = program.stored(shapes.rows * config.dimension);
  recordLinear(context, shapes.down, weightsOf(layer).down, { kind: 'addend' }, record.activated, output, {
    addend: record.middle,
  });
  return { record, output };
}

/** Records all of a layer's forward pass but its last product: what the backward pass needs, from the layer's input. */
export function layerActivations(context: DecoderContext, layer: number, input: Activation): LayerRecord {
  const { program, config, layout } = context;
  const shapes = shapesOf(context);
  const names = weightsOf(layer);
  const gain = (name: 'attentionNorm' | 'feedForwardNorm') =>
    rangeOf(layout, context.parameters, ...names[name]);
  const rowsOf = (width: number) => program.stored(shapes.rows * width);
  const record: LayerRecord = {
    input,
    attentionInput: rowsOf(config.dimension),
    attentionInverse: program.activation(shapes.rows),
    qkv: rowsOf(shapes.qkv.outputs),
    attended: rowsOf(config.dimension),
    logSums: program.activation(shapes.rows * config.heads),
    middle: rowsOf(config.dimension),
    feedForwardInput: rowsOf(config.dimension),
    feedForwardInverse: program.activation(shapes.rows),
    projected: rowsOf(2 * config.feedForward),
    activated: rowsOf(config.feedForward),
  };
  const { attentionInput, qkv, attended, logSums, middle, feedForwardInput, projected, activated } = record;
  const linear = (
    name: 'qkv' | 'attentionOutput' | 'gateUp',
    epilogue: ForwardEpilogue,
    left: Activation,
    product: Activation,
    beside: Beside = {},
  ) => recordLinear(context, shapes[name], names[name], epilogue, left, product, beside);
  program.record(rmsNormForward, shapes.norm, {
    input,
    gain: gain('attentionNorm'),
    output: attentionInput,
    inverse: record.attentionInverse,
  });
  linear('qkv', shapes.rotary, attentionInput, qkv);
  program.record(attentionForward, shapes.attention, { qkv, output: attended, logSums });
  linear('attentionOutput', { kind: 'addend' }, attended, middle, { addend: input });
  program.record(rmsNormForward, shapes.norm, {
    input: middle,
    gain: gain('feedForwardNorm'),
    output: feedForwardInput,
    inverse: record.feedForwardInverse,
  });
  linear('gateUp', { kind: 'swiglu' }, feedForwardInput, projected, { activated });
  return record;
}

/** What an epilogue reads or writes besides the product. */
interface Beside {
  readonly addend?: Activation;
  readonly activated?: Activation;
}

function recordLinear(
  { program, layout, weights, rotation }: DecoderContext,
  shape: LinearShape,
  names: readonly string[],
  epilogue: ForwardEpilogue,
  left: Activation,
  product: Activation,
  beside: Beside = {},
): void {
  const right = rangeOf(layout, weights, ...names);
  // Something must be bound to what the epilogue leaves alone.
  const bindings = { addend: left, activated: program.unused(), ...beside, left, right, rotation, product };
  program.record(linearForward, { ...shape, epilogue }, bindings);
}

/** Records the way back: `streamGradient` (R, C) is the output's gradient before and the input's after. */
export function layerBackward(
  context: DecoderContext,
  layer: number,
  record: LayerRecord,
  streamGradient: Activation,
): void {
  const { program, config, layout, rotation } = context;
  const shapes = shapesOf(context);
  const names = weightsOf(layer);
  const rowsOf = (width: number) => program.stored(shapes.rows * width);
  const linear = (
    name: 'qkv' | 'attentionOutput' | 'gateUp' | 'down',
    input: Activation,
    outputGradient: Activation,
    inputGradient: Activation,
    projected?: Activation,
  ): Activation => {
    const left = outputGradient;
    const weightGradient = rangeOf(layout, context.gradient, ...names[name]);
    const accumulate = context.accumulate;
    program.record(
      linearBackwardWeight,
      { ...shapes[name], accumulate },
      { left, right: input, weightGradient },
    );
    const right = rangeOf(layout, context.weights, ...names[name]);
    const epilogue = projected === undefined ? 'plain' : 'swiglu';
    const bindings = { left, right, projected: projected ?? left, product: inputGradient };
    program.record(linearBackwardInput, { ...shapes[name], epilogue }, bindings);
    return inputGradient;
  };
  const norm = (
    name: 'attentionNorm' | 'feedForwardNorm',
    input: Activation,
    savedInverse: Activation,
    outputGradient: Activation,
  ): void => {
    const gain = rangeOf(layout, context.parameters, ...names[name]);
    const gainGradient = rangeOf(layout, context.gradient, ...names[name]);
    const shared = { input, savedInverse, outputGradient };
    const { accumulate } = context;
    program.record(rmsNormBackwardGain, { ...shapes.norm, accumulate }, { ...shared, gainGradient });
    const bindings = { ...shared, gain, inputGradient: streamGradient };
    program.record(rmsNormBackward, { ...shapes.norm, accumulate: true }, bindings);
  };

  const projectedGradient = rowsOf(2 * config.feedForward);
  linear('down', record.activated, streamGradient, projectedGradient, record.projected);
  const feedForwardGradient = rowsOf(config.dimension);
  linear('gateUp', record.feedForwardInput, projectedGradient, feedForwardGradient);
  norm('feedForwardNorm', record.middle, record.feedForwardInverse, feedForwardGradient);

  const outputGradient = rowsOf(config.dimension);
  linear('attentionOutput', record.attended, streamGradient, outputGradient);
  const qkvGradient = rowsOf(shapes.qkv.outputs);
  const deltas = program.activation(shapes.rows * config.heads);
  const shared = { rotation, qkv: record.qkv, savedLogSums: record.logSums, outputGradient, qkvGradient };
  program.record(attentionBackwardQuery, shapes.attention, {
    ...shared,
    savedOutput: record.attended,
    deltas,
  });
  program.record(attentionBackwardKeyValue, shapes.attention, { ...shared, savedDeltas: deltas });
  const attentionGradient = rowsOf(config.dimension);
  linear('qkv', record.attentionInput, qkvGradient, attentionGradient);
  norm('attentionNorm', record.input, record.attentionInverse, attentionGradient);
}
