import { dapo, drGrpo, grpo, gspo, type PolicyLoss } from '../objectives/policy.ts';
import { policyLosses, type StageKeys } from './schema.ts';

/** Makes the error that names a key of the recipe and what is wrong with it. */
export type Refuse = (key: string, what: string) => Error;

/** A rule that gives a completion a number; a completion's reward is the sum over all rules of weight times number. */
export type RewardRule = { readonly weight: number } & (
  | { readonly kind: 'exact' }
  | { readonly kind: 'pattern'; readonly pattern: string }
  | { readonly kind: 'length'; readonly target: number }
  /** An ISO 639-3 code, with or without the script or country of a declaration. */
  | { readonly kind: 'language'; readonly language: string }
  /** The folder of a reward model. */
  | { readonly kind: 'judge'; readonly model: string }
  /** A module of JavaScript, and the longest time of a call. */
  | { readonly kind: 'function'; readonly path: string; readonly milliseconds: number }
);

/** How a stage samples completions, and learns from their rewards. */
export interface Reinforce {
  readonly rules: readonly RewardRule[];
  readonly loss: PolicyLoss;
  /** True if the advantages of a group are divided by its deviation. */
  readonly scaled: boolean;
  /** Completions of each prompt. */
  readonly group: number;
  /** Tokens of the longest completion. */
  readonly longest: number;
  /** Updates on each batch of completions. */
  readonly updates: number;
}

const usual = { group: 8, longest: 256 };

/** The longest time of a call of a person's function: far more than its limit of turns takes. */
const usualMilliseconds = 10_000;

function ruleOf({ weight = 1, ...rule }: NonNullable<StageKeys['rewards']>[number]): RewardRule {
  if (rule.kind !== 'function') return { ...rule, weight };
  return { ...rule, milliseconds: rule.milliseconds ?? usualMilliseconds, weight };
}

/** The choices of a reinforce stage. `refuse` makes the error for a key. */
export function reinforceOf(keys: StageKeys, refuse: Refuse): Reinforce {
  const { rewards, rl, rl_beta: beta, trl = {} } = keys;
  if (rewards === undefined)
    throw refuse(
      'rewards',
      'rewards is missing: say what a completion is worth, as in rewards: [{kind: exact}]',
    );
  const name = policyLosses.find((known) => known === (rl ?? 'grpo'));
  if (name === undefined)
    throw refuse('rl', `${rl} does not train on rewards: use one of ${policyLosses.join(', ')}`);
  const longest = trl.max_completion_length ?? usual.longest;
  const preset = { grpo, dapo, gspo, dr_grpo: drGrpo(longest) }[name];
  const low = trl.epsilon ?? preset.low;
  return {
    rules: rewards.map(ruleOf),
    loss: {
      ...preset,
      low,
      high: trl.epsilon_high ?? trl.epsilon ?? preset.high,
      beta: beta ?? preset.beta,
    },
    // Liu et al. 2025 (arXiv 2503.20783): the division favours prompts that are nearly always, or nearly never, answered well.
    scaled: name !== 'dr_grpo',
    ...{ group: trl.num_generations ?? usual.group, longest, updates: trl.num_iterations ?? 1 },
  };
}
