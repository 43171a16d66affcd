import * as v from 'valibot';
import { TapestryError } from '../errors.ts';
import { parseJson } from './json.ts';

/** The sizes of a LLaMA-shaped decoder, as this project names them. */
export interface DecoderSizes {
  readonly vocabularySize: number;
  readonly layers: number;
  readonly dimension: number;
  readonly heads: number;
  readonly keyValueHeads: number;
  readonly feedForward: number;
  readonly contextLength: number;
  readonly ropeTheta: number;
  readonly normEpsilon: number;
  readonly tiedHead: boolean;
}

export interface SpecialTokens {
  readonly beginning: number;
  readonly end: number;
  readonly padding: number;
}

export const maxConfigBytes = 64 * 1024;
/** As the run's manifest bounds them. */
export const maxLayers = 1024;
export const maxDimension = 65_536;
export const maxExtent = 1_048_576;

/** config.json as transformers' LlamaConfig writes and reads it. */
export function encodeLlamaConfig(sizes: DecoderSizes, special: SpecialTokens): Uint8Array<ArrayBuffer> {
  const config = {
    architectures: ['LlamaForCausalLM'],
    model_type: 'llama',
    vocab_size: sizes.vocabularySize,
    hidden_size: sizes.dimension,
    intermediate_size: sizes.feedForward,
    num_hidden_layers: sizes.layers,
    num_attention_heads: sizes.heads,
    num_key_value_heads: sizes.keyValueHeads,
    head_dim: sizes.dimension / sizes.heads,
    max_position_embeddings: sizes.contextLength,
    rms_norm_eps: sizes.normEpsilon,
    rope_theta: sizes.ropeTheta,
    hidden_act: 'silu',
    attention_bias: false,
    mlp_bias: false,
    tie_word_embeddings: sizes.tiedHead,
    bos_token_id: special.beginning,
    eos_token_id: special.end,
    pad_token_id: special.padding,
    torch_dtype: 'float32',
  };
  return new TextEncoder().encode(`${JSON.stringify(config, null, 2)}\n`);
}

const upTo = (most: number) => v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(most));
const positive = v.pipe(v.number(), v.finite(), v.gtValue(0));

/** What changes the computation must be what this decoder computes; what does not is left to other readers. */
const schema = v.pipe(
  v.object({
    model_type: v.literal('llama'),
    vocab_size: upTo(maxExtent),
    hidden_size: upTo(maxDimension),
    intermediate_size: upTo(maxExtent),
    num_hidden_layers: upTo(maxLayers),
    num_attention_heads: upTo(maxLayers),
    num_key_value_heads: upTo(maxLayers),
    head_dim: v.nullish(upTo(maxDimension)),
    max_position_embeddings: upTo(maxExtent),
    rms_norm_eps: positive,
    rope_theta: positive,
    rope_scaling: v.nullish(v.null()),
    hidden_act: v.literal('silu'),
    attention_bias: v.optional(v.literal(false)),
    mlp_bias: v.optional(v.literal(false)),
    tie_word_embeddings: v.boolean(),
  }),
  v.check(
    (c) => c.hidden_size % (2 * c.num_attention_heads) === 0,
    'hidden_size must be an even multiple of num_attention_heads',
  ),
  v.check(
    (c) => c.num_attention_heads % c.num_key_value_heads === 0,
    'num_attention_heads must be a multiple of num_key_value_heads',
  ),
  v.check(
    (c) => (c.head_dim ?? c.hidden_size / c.num_attention_heads) === c.hidden_size / c.num_attention_heads,
    'head_dim must be hidden_size / num_attention_heads',
  ),
);

/** Throws `model.bad-config`, naming the field. */
export function parseLlamaConfig(bytes: Uint8Array): DecoderSizes {
  if (bytes.length > maxConfigBytes) {
    throw refusal(`it has ${bytes.length} bytes; at most ${maxConfigBytes} are read`);
  }
  let json: unknown;
  try {
    json = parseJson(bytes);
  } catch (error) {
    throw refusal(`it is not JSON: ${error instanceof Error ? error.message : error}`);
  }
  const parsed = v.safeParse(schema, json);
  if (!parsed.success) {
    const [issue] = parsed.issues;
    throw refusal([v.getDotPath(issue), issue.message].filter((part) => part !== null).join(': '));
  }
  const config = parsed.output;
  return {
    vocabularySize: config.vocab_size,
    layers: config.num_hidden_layers,
    dimension: config.hidden_size,
    heads: config.num_attention_heads,
    keyValueHeads: config.num_key_value_heads,
    feedForward: config.intermediate_size,
    contextLength: config.max_position_embeddings,
    ropeTheta: config.rope_theta,
    normEpsilon: config.rms_norm_eps,
    tiedHead: config.tie_word_embeddings,
  };
}

function refusal(why: string): TapestryError {
  return new TapestryError(
    'model.bad-config',
    `config.json does not describe a decoder that can be read: ${why}.`,
    'Use a folder that Tapestry wrote, or a float32 LLaMA model without biases and scaled positions.',
  );
}
