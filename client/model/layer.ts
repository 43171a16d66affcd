import type { Activation, Binding, BufferRange, ProgramBuilder } from '../gpu/program.ts';
import type { ModelConfig } from './config.ts';
import {
  attentionBackward,
  attentionForward,
  linearBackward,
  linearForward,
  rmsNormBackward,
  rmsNormForward,
  swigluBackward,
  swigluForward,
} from './operations.ts';
import type { ParameterLayout } from './parameters.ts';

/** What every layer of a decoder is recorded with. R = batch * sequence rows, C = dimension, F = feedForward. */
export interface DecoderContext {
  readonly program: ProgramBuilder;
  readonly config: ModelConfig;
  readonly layout: ParameterLayout;
  readonly batch: number;
  readonly sequence: number;
  /** The flat vector and its gradient. */
  readonly parameters: GPUBuffer;
  readonly gradient: GPUBuffer;
  /** (sequence, headSize): a position's cosines, then its sines. */
  readonly rotation: Binding;
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
  readonly output: Activation; // (R, C)
}

/** Where tensors that lie side by side are in a buffer over the flat vector. */
export function rangeOf(
  layout: ParameterLayout,
  buffer: GPUBuffer,
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
  return { buffer, offset: offset * 4, size: (end - offset) * 4 };
}

/** Queries, keys and values are one matrix, as are gate and up: side by side in the flat vector. */
function weightsOf(layer: number) {
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
    attention: { batch, sequence, heads, keyValueHeads, headSize },
    attentionOutput: { rows, inputs: width, outputs: width },
    gateUp: { rows, inputs: width, outputs: 2 * feedForward },
    swiglu: { rows, width: feedForward },
    down: { rows, inputs: feedForward, outputs: width },
  } as const;
}

/** Records x + attention(norm(x)), then y + feedForward(norm(y)). */
export function layerForward(context: DecoderContext, layer: number, input: Activation): LayerRecord {
  const { program, config, layout, rotation } = context;
  const shapes = shapesOf(context);
  const names = weightsOf(layer);
  const weight = (name: keyof typeof names) => rangeOf(layout, context.parameters, ...names[name]);
  const rowsOf = (width: number) => program.activation(shapes.rows * width);
  const record: LayerRecord = {
    input,
    attentionInput: rowsOf(config.dimension),
    attentionInverse: rowsOf(1),
    qkv: rowsOf(shapes.qkv.outputs),
    attended: rowsOf(config.dimension),
    logSums: rowsOf(config.heads),
    middle: rowsOf(config.dimension),
    feedForwardInput: rowsOf(config.dimension),
    feedForwardInverse: rowsOf(1),
    projected: rowsOf(2 * config.feedForward),
    activated: rowsOf(config.feedForward),
    output: rowsOf(config.dimension),
  };
  const { attentionInput, qkv, attended, logSums, middle, feedForwardInput, projected, activated, output } =
    record;
  rmsNormForward(
    program,
    { input, gain: weight('attentionNorm'), output: attentionInput, inverse: record.attentionInverse },
    shapes.norm,
  );
  linearForward(program, { input: attentionInput, weight: weight('qkv'), output: qkv }, shapes.qkv);
  attentionForward(program, { rotation, qkv, output: attended, logSums }, shapes.attention);
  linearForward(
    program,
    { input: attended, weight: weight('attentionOutput'), output: middle, addend: input },
    shapes.attentionOutput,
  );
  rmsNormForward(
    program,
    {
      input: middle,
      gain: weight('feedForwardNorm'),
      output: feedForwardInput,
      inverse: record.feedForwardInverse,
    },
    shapes.norm,
  );
  linearForward(
    program,
    { input: feedForwardInput, weight: weight('gateUp'), output: projected },
    shapes.gateUp,
  );
  swigluForward(program, { projected, output: activated }, shapes.swiglu);
  linearForward(program, { input: activated, weight: weight('down'), output, addend: middle }, shapes.down);
  return record;
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
  const rowsOf = (width: number) => program.activation(shapes.rows * width);
  const linear = (
    name: 'qkv' | 'attentionOutput' | 'gateUp' | 'down',
    input: Activation,
    outputGradient: Activation,
  ): Activation => {
    const inputGradient = rowsOf(shapes[name].inputs);
    const weight = rangeOf(layout, context.parameters, ...names[name]);
    const weightGradient = rangeOf(layout, context.gradient, ...names[name]);
    const bindings = { input, weight, outputGradient, inputGradient, weightGradient };
    linearBackward(program, bindings, shapes[name]);
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
    const bindings = { input, savedInverse, outputGradient, gain, gainGradient };
    rmsNormBackward(program, { ...bindings, inputGradient: streamGradient }, shapes.norm, true);
  };

  const outputGradient = linear('down', record.activated, streamGradient);
  const projectedGradient = rowsOf(2 * config.feedForward);
  const { projected } = record;
  swigluBackward(program, { projected, outputGradient, projectedGradient }, shapes.swiglu);
  const feedForwardGradient = linear('gateUp', record.feedForwardInput, projectedGradient);
  norm('feedForwardNorm', record.middle, record.feedForwardInverse, feedForwardGradient);

  const attendedGradient = linear('attentionOutput', record.attended, streamGradient);
  const qkvGradient = rowsOf(shapes.qkv.outputs);
  attentionBackward(
    program,
    {
      rotation,
      qkv: record.qkv,
      savedOutput: record.attended,
      savedLogSums: record.logSums,
      outputGradient: attendedGradient,
      deltas: rowsOf(config.heads),
      qkvGradient,
    },
    shapes.attention,
  );
  const attentionGradient = linear('qkv', record.attentionInput, qkvGradient);
  norm('attentionNorm', record.input, record.attentionInverse, attentionGradient);
}
