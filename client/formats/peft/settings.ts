import * as v from 'valibot';
import { printable, TapestryError } from '../../errors.ts';
import { encodeJson, parseJson } from '../json.ts';

/** What adapter_config.json of PEFT says about low-rank adapters, by this project's names. */
export interface PeftSettings {
  readonly rank: number;
  readonly alpha: number;
  /** Ends of the adapted modules' names; null for every projection. */
  readonly targets: readonly string[] | null;
  /** True if the scale is alpha / sqrt(rank) and not alpha / rank. */
  readonly rsLora: boolean;
  /** True if rows have magnitudes. */
  readonly dora: boolean;
  /** Ranks and alphas of single modules, by the end of their name. */
  readonly rankPattern: Readonly<Record<string, number>>;
  readonly alphaPattern: Readonly<Record<string, number>>;
}

export const maxPeftConfigBytes = 2 ** 20;
const maxNames = 65_536;

/** Encodes an adapter_config.json. `baseModel` is the name or the hash of the model that is adapted. */
export function encodePeftSettings(settings: PeftSettings, baseModel: string): Uint8Array<ArrayBuffer> {
  return encodeJson({
    peft_type: 'LORA',
    task_type: 'CAUSAL_LM',
    base_model_name_or_path: baseModel,
    inference_mode: true,
    r: settings.rank,
    lora_alpha: settings.alpha,
    lora_dropout: 0,
    target_modules: settings.targets ?? 'all-linear',
    use_rslora: settings.rsLora,
    use_dora: settings.dora,
    rank_pattern: settings.rankPattern,
    alpha_pattern: settings.alphaPattern,
    bias: 'none',
    fan_in_fan_out: false,
    init_lora_weights: true,
    modules_to_save: null,
    layers_to_transform: null,
    layers_pattern: null,
  });
}

const absent = v.nullish(v.union([v.null(), v.pipe(v.array(v.unknown()), v.length(0)), v.strictObject({})]));
/** PEFT reads names as regular expressions. Plain ones mean the same as ends of names. */
const moduleName = v.pipe(v.string(), v.regex(/^[\w.]{1,200}$/, 'is no plain name of a module'));
const names = v.pipe(v.array(moduleName), v.minLength(1), v.maxLength(maxNames));
const pattern = <Value extends v.GenericSchema<unknown, number>>(value: Value) =>
  v.optional(v.record(moduleName, value), {});
const rank = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65_536));
const alpha = v.pipe(v.number(), v.finite());

/** Each field that changes the computation must be one that is computed. All other fields are ignored. */
const schema = v.object({
  peft_type: v.literal('LORA'),
  r: rank,
  lora_alpha: alpha,
  target_modules: v.union([v.literal('all-linear'), names]),
  use_rslora: v.optional(v.boolean(), false),
  use_dora: v.optional(v.boolean(), false),
  rank_pattern: pattern(rank),
  alpha_pattern: pattern(alpha),
  bias: v.optional(v.literal('none')),
  fan_in_fan_out: v.optional(v.literal(false)),
  lora_bias: v.optional(v.literal(false)),
  modules_to_save: absent,
  layers_to_transform: absent,
  layer_replication: absent,
  exclude_modules: absent,
  trainable_token_indices: absent,
  target_parameters: absent,
});

/** Reads an adapter_config.json. Throws `peft.bad-config` with the name of the field. */
export function parsePeftSettings(bytes: Uint8Array): PeftSettings & { readonly baseModel: string | null } {
  let json: unknown;
  try {
    json = parseJson(bytes);
  } catch (error) {
    throw badConfig(`it is not JSON: ${error instanceof Error ? error.message : error}`);
  }
  const parsed = v.safeParse(schema, json, { abortEarly: true });
  if (!parsed.success) {
    const [issue] = parsed.issues;
    throw badConfig([v.getDotPath(issue), issue.message].filter((part) => part !== null).join(': '));
  }
  const config = parsed.output;
  const about = v.safeParse(v.object({ base_model_name_or_path: v.nullish(v.string()) }), json);
  return {
    rank: config.r,
    alpha: config.lora_alpha,
    targets: config.target_modules === 'all-linear' ? null : config.target_modules,
    rsLora: config.use_rslora,
    dora: config.use_dora,
    rankPattern: config.rank_pattern,
    alphaPattern: config.alpha_pattern,
    baseModel: about.success ? (about.output.base_model_name_or_path ?? null) : null,
  };
}

function badConfig(why: string): TapestryError {
  return new TapestryError(
    'peft.bad-config',
    `adapter_config.json does not describe adapters that can be read: ${printable(why)}.`,
    'Use a LoRA, rsLoRA or DoRA adapter of projections, without biases and without other saved modules.',
  );
}
