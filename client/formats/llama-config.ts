import * as v from 'valibot';
import { TapestryError } from '../errors.ts';
import { type HeadSizes, headSizeOf, ownHeadSize } from './decoder/head-size.ts';
import type { RopeScaling } from './decoder/rope-scaling.ts';
import { encodeJson, parseJson } from './json.ts';

/** The sizes of a LLaMA decoder, by this project's names. */
export interface DecoderSizes extends HeadSizes {
  readonly vocabularySize: number;
  readonly layers: number;
  readonly keyValueHeads: number;
  readonly feedForward: number;
  readonly contextLength: number;
  readonly ropeTheta: number;
  readonly ropeScaling?: RopeScaling;
  readonly normEpsilon: number;
  readonly tiedHead: boolean;
  /** True if the head gives one score a row in place of logits: a reward model. */
  readonly scores?: boolean;
}

export interface SpecialTokens {
  readonly beginning: number;
  readonly end: number;
  readonly padding: number;
}

export const maxConfigBytes = 64 * 1024;
/** A run's manifest has the same limits. */
export const maxLayers = 1024;
export const maxDimension = 65_536;
export const maxExtent = 1_048_576;

/** The class of transformers that reads a reward model: it scores a text at its last token that is no padding. */
const scoringClass = 'LlamaForSequenceClassification';

/** A config.json that LlamaConfig of transformers 4 and 5 can read. */
export function encodeLlamaConfig(
  sizes: DecoderSizes,
  special: SpecialTokens,
  type: 'F32' | 'F16' | 'BF16' = 'F32',
): Uint8Array<ArrayBuffer> {
  const dtype = { F32: 'float32', F16: 'float16', BF16: 'bfloat16' }[type];
  const config = {
    ...headFields(sizes),
    model_type: 'llama',
    vocab_size: sizes.vocabularySize,
    hidden_size: sizes.dimension,
    intermediate_size: sizes.feedForward,
    num_hidden_layers: sizes.layers,
    num_attention_heads: sizes.heads,
    num_key_value_heads: sizes.keyValueHeads,
    head_dim: headSizeOf(sizes),
    max_position_embeddings: sizes.contextLength,
    rms_norm_eps: sizes.normEpsilon,
    // transformers 4 reads rope_theta and torch_dtype, transformers 5 reads rope_parameters and dtype.
    rope_theta: sizes.ropeTheta,
    ...ropeFields(sizes),
    hidden_act: 'silu',
    attention_bias: false,
    mlp_bias: false,
    tie_word_embeddings: sizes.tiedHead,
    bos_token_id: special.beginning,
    eos_token_id: special.end,
    pad_token_id: paddingOf(sizes, special),
    torch_dtype: dtype,
    dtype,
  };
  return encodeJson(config);
}

/** transformers counts the labels of `id2label`. */
function headFields({ scores = false }: DecoderSizes) {
  if (!scores) return { architectures: ['LlamaForCausalLM'] };
  return { architectures: [scoringClass], id2label: { 0: 'score' }, label2id: { score: 0 } };
}

/** transformers scores a text at its last token that is no padding, which must be its end. */
function paddingOf({ scores = false }: DecoderSizes, { padding, end }: SpecialTokens): number | null {
  return scores && padding === end ? null : padding;
}

function ropeFields({ ropeTheta, ropeScaling }: DecoderSizes) {
  if (ropeScaling === undefined) return { rope_parameters: { rope_type: 'default', rope_theta: ropeTheta } };
  const scaling = {
    rope_type: 'llama3',
    factor: ropeScaling.factor,
    low_freq_factor: ropeScaling.lowFrequencyFactor,
    high_freq_factor: ropeScaling.highFrequencyFactor,
    original_max_position_embeddings: ropeScaling.originalContext,
  };
  return { rope_scaling: scaling, rope_parameters: { ...scaling, rope_theta: ropeTheta } };
}

const upTo = (most: number) => v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(most));
const positive = v.pipe(v.number(), v.finite(), v.gtValue(0));

/** Older files say `type`, and those of transformers 5 say how fast RoPE turns in the same object. */
const llama3Fields = {
  factor: v.pipe(positive, v.minValue(1)),
  low_freq_factor: positive,
  high_freq_factor: positive,
  original_max_position_embeddings: upTo(maxExtent),
};
const isLlama3 = { rope_type: v.literal('llama3') };
const scalingField = v.object({ ...isLlama3, ...llama3Fields });
const parametersField = v.variant('rope_type', [
  v.object({ rope_type: v.literal('default'), rope_theta: positive }),
  v.object({ ...isLlama3, ...llama3Fields, rope_theta: positive }),
]);

/** Each field that changes the computation must match this decoder. All other fields are ignored. */
const schema = v.pipe(
  v.object({
    model_type: v.literal('llama'),
    architectures: v.nullish(v.array(v.string())),
    num_labels: v.nullish(v.number()),
    id2label: v.nullish(v.record(v.string(), v.string())),
    vocab_size: upTo(maxExtent),
    hidden_size: upTo(maxDimension),
    intermediate_size: upTo(maxExtent),
    num_hidden_layers: upTo(maxLayers),
    num_attention_heads: upTo(maxLayers),
    num_key_value_heads: upTo(maxLayers),
    head_dim: v.nullish(upTo(maxDimension)),
    max_position_embeddings: upTo(maxExtent),
    rms_norm_eps: positive,
    rope_theta: v.nullish(positive),
    rope_parameters: v.nullish(parametersField),
    rope_scaling: v.nullish(scalingField),
    hidden_act: v.literal('silu'),
    attention_bias: v.optional(v.literal(false)),
    mlp_bias: v.optional(v.literal(false)),
    tie_word_embeddings: v.boolean(),
  }),
  v.check(
    ({ rope_theta, rope_parameters }) => ropeThetaOf(rope_theta, rope_parameters) !== null,
    'rope_theta must be given, in rope_parameters or next to it, and must be equal if it is in both',
  ),
  v.check(({ rope_scaling, rope_parameters }) => {
    const [outside, inside] = [scalingOf(rope_scaling), scalingOf(rope_parameters)];
    return !rope_parameters || !rope_scaling || JSON.stringify(outside) === JSON.stringify(inside);
  }, 'rope_scaling must be equal to rope_parameters if both are given'),
  v.check(({ rope_scaling, rope_parameters }) => {
    const scaling = scalingOf(rope_parameters ?? rope_scaling);
    return scaling === null || scaling.lowFrequencyFactor < scaling.highFrequencyFactor;
  }, 'low_freq_factor must be less than high_freq_factor in rope_scaling'),
  v.check(
    (c) => !scoresOf(c) || labelsOf(c) === 1,
    `${scoringClass} must have one label, as a reward model has`,
  ),
  v.check(
    (c) => Boolean(c.head_dim) || c.hidden_size % (2 * c.num_attention_heads) === 0,
    'hidden_size must be an even multiple of num_attention_heads, or head_dim be given',
  ),
  v.check(
    (c) => c.num_attention_heads % c.num_key_value_heads === 0,
    'num_attention_heads must be a multiple of num_key_value_heads',
  ),
  v.check((c) => (c.head_dim ?? 2) % 2 === 0, 'head_dim must be even, because RoPE turns pairs'),
);

/** Reads the sizes in a config.json. Throws `model.bad-config` with the name of the bad field. */
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
  const parsed = v.safeParse(schema, json, { abortEarly: true });
  if (!parsed.success) {
    const [issue] = parsed.issues;
    throw refusal([v.getDotPath(issue), issue.message].filter((part) => part !== null).join(': '));
  }
  const config = parsed.output;
  const ropeScaling = scalingOf(config.rope_parameters ?? config.rope_scaling);
  const [dimension, heads] = [config.hidden_size, config.num_attention_heads];
  return {
    vocabularySize: config.vocab_size,
    layers: config.num_hidden_layers,
    dimension,
    heads,
    ...(config.head_dim && ownHeadSize({ dimension, heads, headSize: config.head_dim })),
    keyValueHeads: config.num_key_value_heads,
    feedForward: config.intermediate_size,
    contextLength: config.max_position_embeddings,
    ropeTheta: ropeThetaOf(config.rope_theta, config.rope_parameters) ?? 0,
    ...(ropeScaling === null ? {} : { ropeScaling }),
    normEpsilon: config.rms_norm_eps,
    tiedHead: config.tie_word_embeddings,
    ...(scoresOf(config) && { scores: true }),
  };
}

interface HeadFields {
  readonly architectures?: readonly string[] | null | undefined;
  readonly num_labels?: number | null | undefined;
  readonly id2label?: Readonly<Record<string, string>> | null | undefined;
}

const scoresOf = ({ architectures }: HeadFields) => architectures?.includes(scoringClass) ?? false;

/** Without either field, transformers assumes two labels. */
const labelsOf = ({ num_labels: labels, id2label }: HeadFields) =>
  id2label ? Object.keys(id2label).length : (labels ?? 2);

function ropeThetaOf(
  outside: number | null | undefined,
  parameters: { readonly rope_theta: number } | null | undefined,
): number | null {
  const inside = parameters?.rope_theta ?? outside ?? null;
  return (outside ?? inside) === inside ? inside : null;
}

type RopeField = v.InferOutput<typeof scalingField> | v.InferOutput<typeof parametersField>;

function scalingOf(field: RopeField | null | undefined): RopeScaling | null {
  if (field === null || field === undefined || field.rope_type !== 'llama3') return null;
  return {
    factor: field.factor,
    lowFrequencyFactor: field.low_freq_factor,
    highFrequencyFactor: field.high_freq_factor,
    originalContext: field.original_max_position_embeddings,
  };
}

function refusal(why: string): TapestryError {
  return new TapestryError(
    'model.bad-config',
    `config.json does not describe a decoder that can be read: ${why}.`,
    'Use a folder that Tapestry wrote, or a LLaMA model without biases, and with the RoPE of Llama 2 or 3.',
  );
}
