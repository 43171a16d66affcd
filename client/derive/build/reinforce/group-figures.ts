import { mean } from '../../../mean.ts';
import { advantages, deviation } from '../../objectives/policy.ts';
import type { CompletionGroup, SampledCompletion } from './completions.ts';

/** The mean reward, the mean length in tokens, and the mean deviation of the rewards within a group. */
export function groupFigures(groups: readonly CompletionGroup[]) {
  const all = groups.flat();
  const spread = (group: CompletionGroup) => deviation(group.map(({ reward }) => reward));
  return {
    reward: mean(all.map(({ reward }) => reward)),
    length: mean(all.map(({ length }) => length)),
    spread: mean(groups.map(spread)),
  };
}

/** Completions with their advantages, without the groups whose rewards are all equal, which teach nothing. */
export function withAdvantages(
  groups: readonly CompletionGroup[],
  scaled: boolean,
): {
  readonly completions: (SampledCompletion & { readonly advantage: number })[];
  readonly dropped: number;
} {
  const spread = groups.filter((group) => group.some(({ reward }) => reward !== group[0]?.reward));
  const completions = spread.flatMap((group) => {
    const own = advantages(
      group.map(({ reward }) => reward),
      scaled,
    );
    return group.map((completion, index) => ({ ...completion, advantage: own[index] ?? 0 }));
  });
  return { completions, dropped: groups.length - spread.length };
}
