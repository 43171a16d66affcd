import * as v from 'valibot';
import { isLanguage } from '../../data/udhr/language-guess.ts';
import { nations } from '../../data/udhr/nations.ts';
import { compilePattern } from '../patterns.ts';
import { protectedKeys, protectedSchema } from '../protect/schema.ts';
import { between, boolean, named, string, whole } from './values.ts';

const oneOrMore = v.pipe(
  v.union([string, v.pipe(v.array(string), v.minLength(1))], 'must be a name or a list of names'),
  v.transform((value) => (typeof value === 'string' ? [value] : value)),
);

const dataset = v.strictObject(
  {
    path: oneOrMore,
    /** The kind of rows, by Axolotl's names. The columns decide how rows are read; `completion` asks for whole texts. */
    type: v.optional(string),
  },
  'must be a mapping with a path',
);

/** Base text in every step, against forgetting. A number is its share alone. */
const replay = v.union(
  [
    between(0, 0.9),
    v.strictObject({
      share: v.optional(between(0, 0.9)),
      text: v.optional(oneOrMore),
      corpora: v.optional(oneOrMore),
    }),
  ],
  'must be a number from 0 to 0.9, or a mapping with share, text and corpora',
);

export const stageKinds = ['continue', 'instruct', 'prefer', 'reward', 'reinforce'] as const;
export const preferenceLosses = ['dpo', 'robust', 'ipo', 'hinge', 'simpo', 'orpo', 'kto'] as const;
export const policyLosses = ['grpo', 'dapo', 'dr_grpo', 'gspo'] as const;
export const metrics = ['loss', 'base_loss', 'accuracy', 'raw_accuracy', 'margin', 'reward'] as const;

const isPattern = (source: string) => {
  try {
    return compilePattern(source).source !== '';
  } catch {
    return false;
  }
};
const isKnownLanguage = (asked: string) =>
  nations.some(({ languages }) => languages.some(({ code }) => isLanguage(code, asked)));
const weight = { weight: v.optional(between(-1000, 1000)) };

/** What a completion is worth: the weighted sum of these. */
const reward = v.variant(
  'kind',
  [
    v.strictObject({ kind: v.literal('exact'), ...weight }),
    v.strictObject({
      kind: v.literal('pattern'),
      pattern: v.pipe(string, v.check(isPattern, 'must be a regular expression of RE2')),
      ...weight,
    }),
    v.strictObject({ kind: v.literal('length'), target: whole(1, 1_048_576), ...weight }),
    v.strictObject({
      kind: v.literal('language'),
      language: v.pipe(string, v.check(isKnownLanguage, 'must be the ISO 639-3 code of a built-in language')),
      ...weight,
    }),
    v.strictObject({ kind: v.literal('judge'), model: string, ...weight }),
    v.strictObject({
      kind: v.literal('function'),
      path: string,
      milliseconds: v.optional(whole(1, 3_600_000)),
      ...weight,
    }),
  ],
  'must have a kind: exact, pattern, length, language, judge or function',
);

/** How completions are sampled and how far a step may go. Names are those of Axolotl and TRL. */
const trl = v.strictObject(
  {
    num_generations: v.optional(whole(2, 1024)),
    max_completion_length: v.optional(whole(1, 1_048_576)),
    num_iterations: v.optional(whole(1, 64)),
    epsilon: v.optional(between(0, 1)),
    epsilon_high: v.optional(between(0, 10)),
  },
  'must be a mapping',
);

/** The keys of a stage. At the top of a recipe they hold for all stages. Names are Axolotl's where it has one. */
const stageKeys = {
  datasets: v.optional(v.pipe(v.array(dataset, 'must be a list'), v.minLength(1, 'must not be empty'))),
  adapter: v.nullish(named(['lora', 'qlora'])),
  lora_r: v.optional(whole(1, 1024)),
  lora_alpha: v.optional(between(0.001, 65_536)),
  lora_dropout: v.optional(between(0, 0.9)),
  lora_target_modules: v.optional(oneOrMore),
  lora_target_linear: v.optional(boolean),
  peft_use_rslora: v.optional(boolean),
  peft_use_dora: v.optional(boolean),
  sequence_len: v.optional(whole(2, 1_048_576)),
  sample_packing: v.optional(boolean),
  train_on_inputs: v.optional(boolean),
  val_set_size: v.optional(between(0, 0.9)),
  learning_rate: v.optional(between(0, 1)),
  lr_scheduler: v.optional(named(['cosine', 'constant'])),
  warmup_ratio: v.optional(between(0, 1)),
  warmup_steps: v.optional(whole(0, 100_000_000)),
  /** `muon`; each of Axolotl's other names is AdamW here. */
  optimizer: v.optional(string),
  weight_decay: v.optional(between(0, 1)),
  num_epochs: v.optional(between(0.001, 100_000)),
  max_steps: v.optional(whole(1, 100_000_000)),
  micro_batch_size: v.optional(whole(1, 65_536)),
  gradient_accumulation_steps: v.optional(whole(1, 65_536)),
  gradient_checkpointing: v.optional(boolean),
  eval_steps: v.optional(whole(1, 100_000_000)),
  early_stopping_patience: v.optional(whole(1, 100_000)),
  metric_for_best_model: v.optional(named(metrics)),
  rl: v.nullish(named([...preferenceLosses, ...policyLosses])),
  rl_beta: v.optional(between(0, 1000)),
  rpo_alpha: v.optional(between(0, 1000)),
  reward_model: v.optional(boolean),
  center_rewards_coefficient: v.optional(between(0, 1000)),
  dpo_label_smoothing: v.optional(between(0, 0.5)),
  rewards: v.optional(
    v.pipe(v.array(reward, 'must be a list'), v.minLength(1, 'must not be empty'), v.maxLength(16)),
  ),
  trl: v.optional(trl),
  replay: v.optional(replay),
  kl: v.optional(between(0, 1000)),
};

export const stageSchema = v.strictObject(
  { kind: named(stageKinds), ...stageKeys },
  'must be a mapping with a kind',
);

/** A constitution's file, and who must have signed it: these of its boards (all by default), and these keys. */
const constitution = v.union(
  [
    string,
    v.strictObject({
      path: string,
      boards: v.optional(v.array(string)),
      keys: v.optional(v.array(v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)))),
    }),
  ],
  'must be a path, or a mapping with path, boards (names) and keys (64 hexadecimal digits each)',
);

/** Protected domains: the path of a file with their rules, or the rules. */
const protectedDomains = v.lazy((value) => (typeof value === 'string' ? string : protectedSchema));

export const recipeSchema = v.strictObject({
  base_model: string,
  constitution: v.optional(constitution),
  protected: v.optional(protectedDomains),
  output_dir: v.optional(string),
  seed: v.optional(whole(0, 0xffff_ffff)),
  checkpoint_minutes: v.optional(between(0.01, 10_000)),
  ...stageKeys,
  stages: v.optional(
    v.pipe(v.array(stageSchema, 'must be a list'), v.minLength(1, 'must not be empty'), v.maxLength(32)),
  ),
});

export type RecipeKeys = v.InferOutput<typeof recipeSchema>;
export type StageKeys = v.InferOutput<v.StrictObjectSchema<typeof stageKeys, undefined>>;

/** All keys that a recipe or a stage may have, for suggestions. */
export const knownKeys: readonly string[] = [
  ...Object.keys(recipeSchema.entries),
  ...Object.keys(stageSchema.entries),
  ...protectedKeys,
];

/** Keys of Axolotl that change nothing here: how its machine computes, logs or stores. */
export const ignoredKeys = new Set([
  'auto_resume_from_checkpoints',
  'bf16',
  'dataset_prepared_path',
  'debug',
  'deepspeed',
  'ddp',
  'eager_attention',
  'evals_per_epoch',
  'flash_attention',
  'fp16',
  'fsdp',
  'fsdp_config',
  'gradient_checkpointing_kwargs',
  'group_by_length',
  'load_in_4bit',
  'load_in_8bit',
  'local_rank',
  'logging_steps',
  'model_type',
  'pad_to_sequence_len',
  'resume_from_checkpoint',
  'save_safetensors',
  'save_steps',
  'save_strategy',
  'save_total_limit',
  'saves_per_epoch',
  'sdp_attention',
  'strict',
  'tf32',
  'tokenizer_type',
  'trust_remote_code',
  'wandb_entity',
  'wandb_log_model',
  'wandb_mode',
  'wandb_name',
  'wandb_project',
  'wandb_run_id',
  'wandb_watch',
  'xformers_attention',
]);
