import { type Batch, type BatchShape, rowWeights, weightedLoss } from '../../data/batch.ts';
import { headSizeOf } from '../../formats/decoder/head-size.ts';
import type { ModelConfig } from '../config.ts';
import type { ParameterLayout } from '../parameters.ts';
import { attentionBackward, attentionForward } from './attention.ts';
import { crossEntropyBackward, crossEntropyForward } from './cross-entropy.ts';
import { embeddingBackward, embeddingForward } from './embedding.ts';
import { matmulBackward, matmulForward } from './matmul.ts';
import { rmsnormBackward, rmsnormForward } from './rmsnorm.ts';
import { ropeBackward, ropeForward } from './rope.ts';
import { swigluBackward, swigluForward } from './swiglu.ts';
import { addScaled } from './vector.ts';

/** Activations that the backward pass reads; N = B * T, D = headSize, F = feedForward. */
interface LayerRecord {
  readonly input: Float64Array; // (N, C)
  readonly attentionInput: Float64Array; // (N, C), normed
  readonly queries: Float64Array; // (N, heads, D), rotated
  readonly keys: Float64Array; // (N, keyValueHeads, D), rotated
  readonly values: Float64Array; // (N, keyValueHeads, D)
  readonly attended: Float64Array; // (N, heads, D)
  readonly middle: Float64Array; // (N, C), after the attention's residual
  readonly feedForwardInput: Float64Array; // (N, C), normed
  readonly gate: Float64Array; // (N, F)
  readonly up: Float64Array; // (N, F)
  readonly activated: Float64Array; // (N, F)
}

interface ForwardRecord {
  readonly layers: readonly LayerRecord[];
  readonly last: Float64Array; // (N, C)
  readonly headInput: Float64Array; // (N, C), normed
  readonly logits: Float64Array; // (N, V)
}

/**
 * Callbacks that see a step's activations by name: 'embedded', 'layers.0.queries' and the other fields of the layer's record,
 * 'layers.0.output', 'headInput', 'logits'.
 */
export interface Probe {
  /** Called in the forward pass; may change the values in place. */
  readonly forward?: (name: string, activation: Float64Array) => void;
  /** Called in the backward pass with the gradient of the loss. */
  readonly backward?: (name: string, gradient: Float64Array) => void;
}

/** Logits (B, T, V) of `inputs (B, T)` under the model with these `parameters`, in float64. */
export function referenceForward(
  config: ModelConfig,
  layout: ParameterLayout,
  parameters: Float64Array,
  inputs: Uint32Array<ArrayBuffer>,
  shape: BatchShape,
): Float64Array {
  return forward(config, tensorsOf(layout, parameters), { inputs }, shape, {}).logits;
}

/**
 * The loss of a batch in nats, the loss of every row, and the gradient of the batch's loss over the flat layout, in float64. A
 * tied head adds its gradient to the embedding's; gaps between tensors have gradient 0.
 */
export function referenceStep(
  config: ModelConfig,
  layout: ParameterLayout,
  parameters: Float64Array,
  batch: Batch,
  shape: BatchShape,
  probe: Probe = {},
): { loss: number; rowLosses: Float64Array; gradient: Float64Array } {
  const gradient = new Float64Array(layout.length);
  const tensor = tensorsOf(layout, parameters);
  const record = forward(config, tensor, batch, shape, probe);
  const { weights, divisor } = rowWeights(batch);
  const rowLosses = crossEntropyForward(record.logits, batch.targets, config.vocabularySize);
  const scaled = Float64Array.from(weights, (weight) => weight / divisor);
  const logitsGradient = crossEntropyBackward(record.logits, batch.targets, scaled, config.vocabularySize);
  probe.backward?.('logits', logitsGradient);
  backward(config, tensor, tensorsOf(layout, gradient), batch, shape, record, logitsGradient, probe);
  return { loss: weightedLoss(rowLosses, { weights, divisor }), rowLosses, gradient };
}

/** The inputs of a batch, and its documents if a sequence has several. */
type Inputs = Pick<Batch, 'inputs' | 'documents'>;

type Tensors = (name: string) => Float64Array;

/** The tensors of a flat vector by name; they share its memory. */
function tensorsOf(layout: ParameterLayout, flat: Float64Array): Tensors {
  return (name) => {
    const place = layout.tensors.find((tensor) => tensor.name === name);
    if (place === undefined) throw new RangeError(`the layout has no tensor ${name}`);
    return flat.subarray(place.offset, place.offset + place.size);
  };
}

const embeddingName = 'model.embed_tokens.weight';
const headName = (config: ModelConfig) => (config.tiedHead ? embeddingName : 'lm_head.weight');

/** The rows of a table that belong to tokens; others are padding. */
const tableOf = ({ vocabularySize, dimension }: ModelConfig, tensor: Tensors, name: string) =>
  tensor(name).subarray(0, vocabularySize * dimension);

/** The operations' shapes for a model and a batch. */
function shapesOf(config: ModelConfig, { batch, sequence }: BatchShape, documents: Uint32Array | undefined) {
  const { heads, keyValueHeads } = config;
  const headSize = headSizeOf(config);
  return {
    rows: batch * sequence,
    attention: { batch, sequence, heads, keyValueHeads, headSize, ...(documents && { documents }) },
    queryRope: { sequence, heads, headSize },
    keyRope: { sequence, heads: keyValueHeads, headSize },
  };
}

function sum(a: Float64Array, b: Float64Array): Float64Array {
  const total = a.slice();
  addScaled(total, 1, b);
  return total;
}

function forward(
  config: ModelConfig,
  tensor: Tensors,
  { inputs, documents }: Inputs,
  shape: BatchShape,
  probe: Probe,
): ForwardRecord {
  const { rows, attention, queryRope, keyRope } = shapesOf(config, shape, documents);
  const layers: LayerRecord[] = [];
  const shown = (name: string, activation: Float64Array) => {
    probe.forward?.(name, activation);
    return activation;
  };
  let residual = shown('embedded', embeddingForward(inputs, tensor(embeddingName), config.dimension));
  for (let layer = 0; layer < config.layers; layer++) {
    const own: Tensors = (name) => tensor(`model.layers.${layer}.${name}.weight`);
    const project = (x: Float64Array, name: string) => matmulForward(x, own(name), rows);
    const norm = (x: Float64Array, name: string) => rmsnormForward(x, own(name), config.normEpsilon);

    const within = (name: keyof LayerRecord | 'output', x: Float64Array) =>
      shown(`layers.${layer}.${name}`, x);
    const rotated = (x: Float64Array, rope: typeof queryRope) => ropeForward(x, config.ropeTheta, rope);

    const input = residual;
    const attentionInput = within('attentionInput', norm(input, 'input_layernorm'));
    const queries = within('queries', rotated(project(attentionInput, 'self_attn.q_proj'), queryRope));
    const keys = within('keys', rotated(project(attentionInput, 'self_attn.k_proj'), keyRope));
    const values = within('values', project(attentionInput, 'self_attn.v_proj'));
    const attended = within('attended', attentionForward(queries, keys, values, attention));
    const middle = within('middle', sum(input, project(attended, 'self_attn.o_proj')));

    const feedForwardInput = within('feedForwardInput', norm(middle, 'post_attention_layernorm'));
    const gate = within('gate', project(feedForwardInput, 'mlp.gate_proj'));
    const up = within('up', project(feedForwardInput, 'mlp.up_proj'));
    const activated = within('activated', swigluForward(gate, up));
    residual = within('output', sum(middle, project(activated, 'mlp.down_proj')));

    layers.push({
      input,
      attentionInput,
      queries,
      keys,
      values,
      attended,
      middle,
      feedForwardInput,
      gate,
      up,
      activated,
    });
  }
  const last = rmsnormForward(residual, tensor('model.norm.weight'), config.normEpsilon);
  const headInput = shown('headInput', last);
  const logits = shown('logits', matmulForward(headInput, tableOf(config, tensor, headName(config)), rows));
  return { layers, last: residual, headInput, logits };
}

/** Adds every tensor's gradient to `gradient`, going through the forward pass in reverse. */
function backward(
  config: ModelConfig,
  tensor: Tensors,
  gradient: Tensors,
  { inputs, documents }: Inputs,
  shape: BatchShape,
  record: ForwardRecord,
  logitsGradient: Float64Array,
  probe: Probe,
): void {
  const { rows, attention, queryRope, keyRope } = shapesOf(config, shape, documents);
  const project = (name: string, x: Float64Array, outputGradient: Float64Array) => {
    const { input, weight } = matmulBackward(x, tensor(name), outputGradient, rows);
    addScaled(gradient(name), 1, weight);
    return input;
  };
  const norm = (name: string, x: Float64Array, outputGradient: Float64Array) => {
    const { input, gain } = rmsnormBackward(x, tensor(name), outputGradient, config.normEpsilon);
    addScaled(gradient(name), 1, gain);
    return input;
  };

  const head = headName(config);
  const headGradients = matmulBackward(record.headInput, tableOf(config, tensor, head), logitsGradient, rows);
  addScaled(gradient(head), 1, headGradients.weight);
  const headInput = headGradients.input;
  probe.backward?.('headInput', headInput);
  let residual = norm('model.norm.weight', record.last, headInput);
  for (const [layer, r] of [...record.layers.entries()].reverse()) {
    const own = (name: string) => `model.layers.${layer}.${name}.weight`;
    const told = (gradients: Partial<Record<keyof LayerRecord | 'output', Float64Array>>) => {
      for (const [name, each] of Object.entries(gradients)) probe.backward?.(`layers.${layer}.${name}`, each);
    };

    told({ output: residual });
    const activated = project(own('mlp.down_proj'), r.activated, residual);
    const { gate, up } = swigluBackward(r.gate, r.up, activated);
    const feedForwardInput = sum(
      project(own('mlp.gate_proj'), r.feedForwardInput, gate),
      project(own('mlp.up_proj'), r.feedForwardInput, up),
    );
    residual = sum(residual, norm(own('post_attention_layernorm'), r.middle, feedForwardInput));
    told({ activated, gate, up, feedForwardInput, middle: residual });

    const attended = project(own('self_attn.o_proj'), r.attended, residual);
    const { queries, keys, values } = attentionBackward(r.queries, r.keys, r.values, attended, attention);
    const attentionInput = [
      project(own('self_attn.q_proj'), r.attentionInput, ropeBackward(queries, config.ropeTheta, queryRope)),
      project(own('self_attn.k_proj'), r.attentionInput, ropeBackward(keys, config.ropeTheta, keyRope)),
      project(own('self_attn.v_proj'), r.attentionInput, values),
    ].reduce(sum);
    told({ attended, queries, keys, values, attentionInput });
    residual = sum(residual, norm(own('input_layernorm'), r.input, attentionInput));
  }
  probe.backward?.('embedded', residual);
  addScaled(
    gradient(embeddingName),
    1,
    embeddingBackward(inputs, residual, { vocabulary: config.vocabularySize, width: config.dimension }),
  );
}
