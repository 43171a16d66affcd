import { mean } from '../../../mean.ts';
import { advantages, deviation } from '../../objectives/policy.ts';
import type { CompletionGroup, SampledCompletion } from './completions.ts';

/** Tokens of a sequence that is looked for again. */
const repeatedTokens = 8;

/**
 * The mean reward, the mean length in tokens, the mean deviation of the rewards within a group, and the mean share of repeated
 * text in a group.
 */
export function groupFigures(groups: readonly CompletionGroup[]) {
  const all = groups.flat();
  const spread = (group: CompletionGroup) => deviation(group.map(({ reward }) => reward));
  return {
    reward: mean(all.map(({ reward }) => reward)),
    length: mean(all.map(({ length }) => length)),
    spread: mean(groups.map(spread)),
    repetition: mean(groups.map(repetition)),
  };
}

/**
 * The share of the sequences of 8 tokens in a group's completions that are there before, in the same completion or another (after
 * Welleck et al. 2019, arXiv 1908.04319). A policy that collapsed writes nearly the same each time.
 */
function repetition(group: CompletionGroup): number {
  const sequences = group.flatMap(({ example: { tokens }, length }) => {
    const written = tokens.slice(tokens.length - length);
    const count = Math.max(0, length - repeatedTokens + 1);
    return Array.from({ length: count }, (_, at) => written.slice(at, at + repeatedTokens).join());
  });
  return sequences.length === 0 ? 0 : 1 - new Set(sequences).size / sequences.length;
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
