import { recipeHash } from '../../train/checkpoint.ts';
import type { RequiredSignatures } from '../constitution/signatures.ts';
import type { RewardLoss } from '../objectives/reward.ts';
import type { ProtectedRule } from '../protect/schema.ts';
import type { IgnoredKey } from './read-keys.ts';
import { type Overrides, readRecipe } from './read-recipe.ts';
import { type Refuse, type Reinforce, reinforceOf } from './reinforce.ts';
import {
  type metrics,
  policyLosses,
  preferenceLosses,
  type RecipeKeys,
  type StageKeys,
  type stageKinds,
} from './schema.ts';

export type StageKind = (typeof stageKinds)[number];
export type PreferenceLoss = (typeof preferenceLosses)[number];
export type Metric = (typeof metrics)[number];

/** Low-rank adapters as a recipe asks for them; without `targets`, every projection of the layers has one. */
export interface AdapterRecipe {
  readonly rank: number;
  readonly alpha: number;
  readonly targets: readonly string[] | null;
  readonly rsLora: boolean;
  readonly dora: boolean;
  /** The share of the adapters' inputs that each step drops. */
  readonly dropout: number;
  /** True to hold the frozen matrices in 8 bits while they are trained beside (`qlora`). */
  readonly quantized: boolean;
}

/** Base text in every step: its share of the loss, and where it comes from. */
export interface ReplayRecipe {
  readonly share: number;
  /** Files, folders or patterns. */
  readonly text: readonly string[];
  /** Built-in corpora. */
  readonly corpora: readonly string[];
}

/** One stage of a build, with every default filled in. Null: it follows from the model or the data. */
export interface StageRecipe {
  readonly kind: StageKind;
  /** Files, folders or patterns of JSONL. */
  readonly datasets: readonly string[];
  readonly adapter: AdapterRecipe | null;
  /** Tokens of a row; null for the model's context. */
  readonly sequence: number | null;
  readonly packing: boolean;
  /** True if prompts carry loss too. */
  readonly trainsOnPrompts: boolean;
  /** The share of the rows that is measured and not trained on. */
  readonly heldOutShare: number;
  readonly learningRate: number | null;
  readonly schedule: 'cosine' | 'constant';
  /** Steps over which the rate rises, as a share of all steps or as a number. */
  readonly warmup: { readonly share: number } | { readonly steps: number };
  readonly optimizer: 'adamw' | 'muon';
  readonly weightDecay: number;
  readonly epochs: number;
  /** Instead of epochs. */
  readonly maxSteps: number | null;
  /** Rows of a step, and the number of equal parts that they are computed in; null for the fewest that fit. */
  readonly batch: number;
  readonly accumulation: number | null;
  readonly recompute: boolean;
  /** Steps between two measurements; null for a tenth of the stage. */
  readonly evaluationSteps: number | null;
  /** The stage ends after so many measurements that were not better; null to train all steps. */
  readonly patience: number | null;
  /** The weights that were best by this metric are the stage's result. */
  readonly metric: Metric;
  readonly preference: {
    readonly loss: PreferenceLoss;
    readonly beta: number;
    readonly labelSmoothing: number;
    /** Weight of the chosen answers' own loss. */
    readonly likelihood: number;
  };
  /** Null unless the stage is of the kind `reward`. */
  readonly reward: RewardLoss | null;
  /** Null unless the stage is of the kind `reinforce`. */
  readonly reinforce: Reinforce | null;
  readonly replay: ReplayRecipe;
  /** What a divergence from the stage's first weights costs on the stage's own rows; 0 unless the stage is `continue` or `instruct`. */
  readonly kl: number;
}

/** The constitution that a recipe names, and the signatures that it requires. */
export interface ConstitutionRecipe extends RequiredSignatures {
  readonly path: string;
}

export interface Recipe {
  readonly baseModel: string;
  readonly constitution: ConstitutionRecipe | null;
  /** The rules of protected domains, or the path of a file with them. */
  readonly protected: string | readonly ProtectedRule[];
  readonly outputFolder: string | null;
  readonly seed: number;
  /** Minutes between two checkpoints. */
  readonly checkpointMinutes: number;
  readonly stages: readonly StageRecipe[];
  readonly ignored: readonly IgnoredKey[];
  /** SHA-256, in hex, of all values that determine the result, with the defaults. */
  readonly hash: string;
}

/** Parses the text of a recipe's file, with some values replaced. Throws the errors of `readRecipe`. */
export function parseRecipe(text: string, name: string, overrides?: Overrides): Recipe {
  const read = readRecipe(text, name, overrides);
  const {
    base_model,
    constitution,
    protected: rules = [],
    output_dir,
    seed = 0,
    checkpoint_minutes = 5,
    stages,
    ...shared
  } = read.keys;
  const given = stages ?? [{ ...shared, kind: kindOf(shared) }];
  const whole = given.map(({ kind, ...own }, index) => {
    const path = stages === undefined ? [] : ['stages', index];
    const refuse: Refuse = (key, what) => read.refuse([...path, key], what);
    if (kind === 'reward' && index < given.length - 1)
      throw refuse('kind', 'a reward model writes no text, so that no stage can follow reward');
    return stageOf(kind, { ...shared, ...definedIn(own) }, refuse);
  });
  return {
    baseModel: base_model,
    constitution: constitution === undefined ? null : constitutionOf(constitution),
    protected: rules,
    outputFolder: output_dir ?? null,
    seed,
    checkpointMinutes: checkpoint_minutes,
    stages: whole,
    ignored: read.ignored,
    hash: recipeHash({ seed, stages: whole }),
  };
}

function constitutionOf(given: NonNullable<RecipeKeys['constitution']>): ConstitutionRecipe {
  const { path, boards = null, keys = [] } = typeof given === 'string' ? { path: given } : given;
  return { path, boards, keys };
}

/** The kind of the only stage of a recipe without stages, as Axolotl decides it. */
function kindOf({ rl, reward_model: isReward, datasets }: StageKeys): StageKind {
  if (isReward) return 'reward';
  if (policyLosses.some((name) => name === rl)) return 'reinforce';
  if (rl) return 'prefer';
  return datasets?.every(({ type }) => type === 'completion') ? 'continue' : 'instruct';
}

const definedIn = (keys: StageKeys): StageKeys =>
  Object.fromEntries(Object.entries(keys).filter(([, value]) => value !== undefined));

function stageOf(kind: StageKind, keys: StageKeys, refuse: Refuse): StageRecipe {
  const datasets = (keys.datasets ?? []).flatMap(({ path }) => path);
  if (datasets.length === 0) throw refuse('datasets', 'datasets is missing: name the files of the stage');
  const reinforce = kind === 'reinforce' ? reinforceOf(keys, refuse) : null;
  const loss = preferenceOf(kind, keys, refuse);
  const batch =
    (keys.micro_batch_size ?? (reinforce === null ? 8 : 3 * reinforce.group)) *
    (keys.gradient_accumulation_steps ?? 1);
  // A reward model has no head that base text could train.
  const replay = replayOf(kind === 'reward' ? 0 : keys.replay);
  const [least, what] =
    reinforce !== null
      ? [reinforce.group, `a group of ${reinforce.group} completions`]
      : kind === 'prefer' || kind === 'reward'
        ? [2, 'a pair']
        : [1, 'an example'];
  if (batch < least + (replay.share > 0 ? 1 : 0))
    throw refuse(
      'micro_batch_size',
      `a step of ${batch} rows has no room for ${what} and base text: raise micro_batch_size, or set replay: 0`,
    );
  return {
    kind,
    datasets,
    adapter: adapterOf(keys),
    sequence: keys.sequence_len ?? null,
    packing: keys.sample_packing ?? true,
    trainsOnPrompts: keys.train_on_inputs ?? false,
    heldOutShare: keys.val_set_size ?? 0.1,
    learningRate: keys.learning_rate ?? null,
    schedule: keys.lr_scheduler ?? 'cosine',
    warmup:
      keys.warmup_steps === undefined ? { share: keys.warmup_ratio ?? 0.05 } : { steps: keys.warmup_steps },
    optimizer: optimizerOf(keys, refuse),
    weightDecay: keys.weight_decay ?? 0,
    epochs: keys.num_epochs ?? 1,
    maxSteps: keys.max_steps ?? null,
    batch,
    accumulation: keys.gradient_accumulation_steps ?? null,
    recompute: keys.gradient_checkpointing ?? false,
    evaluationSteps: keys.eval_steps ?? null,
    patience: keys.early_stopping_patience ?? null,
    metric: metricOf(kind, keys, refuse),
    preference: {
      ...{ loss, beta: keys.rl_beta ?? 0.1, labelSmoothing: keys.dpo_label_smoothing ?? 0 },
      likelihood: keys.rpo_alpha ?? 0,
    },
    reward: kind === 'reward' ? { centring: keys.center_rewards_coefficient ?? 0 } : null,
    reinforce,
    replay,
    kl: divergenceCost(kind, keys, refuse),
  };
}

/** The metrics of each kind of stage; the first is the usual one. */
const metricsOf: Readonly<Record<StageKind, readonly [Metric, ...Metric[]]>> = {
  continue: ['loss', 'base_loss'],
  instruct: ['loss', 'base_loss'],
  prefer: ['loss', 'base_loss', 'accuracy', 'raw_accuracy', 'margin'],
  reward: ['loss', 'accuracy', 'margin'],
  reinforce: ['reward', 'base_loss'],
};

function metricOf(kind: StageKind, { metric_for_best_model: given }: StageKeys, refuse: Refuse): Metric {
  const [usual, ...others] = metricsOf[kind];
  const metric = given ?? usual;
  if (metric === usual || others.includes(metric)) return metric;
  const known = [usual, ...others].join(', ');
  throw refuse('metric_for_best_model', `${kind} does not measure ${metric}: use one of ${known}`);
}

/** The loss over pairs or labels. Stages of other kinds do not read it. */
function preferenceOf(kind: StageKind, { rl, rpo_alpha }: StageKeys, refuse: Refuse): PreferenceLoss {
  const loss = preferenceLosses.find((name) => name === (rl ?? 'dpo'));
  if (loss === undefined && kind === 'prefer')
    throw refuse('rl', `${rl} trains on rewards: use it in a stage of the kind reinforce`);
  if (loss === 'kto' && kind === 'prefer' && rpo_alpha !== undefined)
    throw refuse('rpo_alpha', 'rpo_alpha weighs the chosen answers of pairs, and kto learns from labels');
  return loss ?? 'dpo';
}

/** Muon has nothing to train in adapters, so that it would change nothing there. */
function optimizerOf({ optimizer, adapter }: StageKeys, refuse: Refuse): StageRecipe['optimizer'] {
  if (optimizer !== 'muon') return 'adamw';
  if (adapter)
    throw refuse('optimizer', 'muon trains whole matrices, and this stage trains adapters: leave it out');
  return optimizer;
}

function adapterOf(keys: StageKeys): AdapterRecipe | null {
  if (!keys.adapter) return null;
  const rank = keys.lora_r ?? 8;
  return {
    rank,
    alpha: keys.lora_alpha ?? 2 * rank,
    targets: keys.lora_target_linear === true ? null : (keys.lora_target_modules ?? null),
    rsLora: keys.peft_use_rslora ?? false,
    dora: keys.peft_use_dora ?? false,
    dropout: keys.lora_dropout ?? 0,
    quantized: keys.adapter === 'qlora',
  };
}

/** Stages of other kinds have a loss that compares with the start, or no logits to compare. */
function divergenceCost(kind: StageKind, { kl = 0 }: StageKeys, refuse: Refuse): number {
  if (kl === 0 || kind === 'continue' || kind === 'instruct') return kl;
  throw refuse(
    'kl',
    `kl is of continue and instruct: leave it out of ${kind}, which has rl_beta where it compares`,
  );
}

/** A share of 0.3 is the least that was seen to hold the base's loss within some per cent. */
const usualReplay = 0.3;

function replayOf(given: StageKeys['replay']): ReplayRecipe {
  const {
    share = usualReplay,
    text = [],
    corpora = [],
  } = typeof given === 'number' ? { share: given } : (given ?? {});
  return { share, text, corpora };
}
