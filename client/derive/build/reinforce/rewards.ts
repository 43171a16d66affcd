import type { RewardRule } from '../../recipe/reinforce.ts';

/** What a completion is worth by the rules. `answer` is the one that its row gives, if any. */
export function rewardOf(rules: readonly RewardRule[], text: string, answer: string | undefined): number {
  return rules.reduce((sum, rule) => sum + rule.weight * worth(rule, text, answer), 0);
}

/** From 0 to 1. White space at both ends does not count. */
function worth(rule: RewardRule, text: string, answer: string | undefined): number {
  const trimmed = text.trim();
  switch (rule.kind) {
    case 'exact':
      return Number(trimmed === answer?.trim());
    case 'pattern':
      return Number(new RegExp(rule.pattern, 'u').test(trimmed));
    case 'length':
      return Math.max(0, 1 - Math.abs([...trimmed].length - rule.target) / rule.target);
    default:
      return rule satisfies never;
  }
}
