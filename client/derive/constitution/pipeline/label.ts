import type { Principle } from '../constitution.ts';
import { type Labeller, opinion } from './labeller.ts';
import { type AnswerRow, keyOf, type NoPairRow, type PairRow } from './rows.ts';

/** The pair of one prompt's answers, or why there is none. */
export type Labelled = PairRow | NoPairRow;

/** Answers by their prompt, in the order of the first of each. Equal answers count once. */
export function byPrompt(rows: readonly AnswerRow[]): AnswerRow[][] {
  const distinct = new Map(rows.map((row) => [keyOf(row.prompt, row.completion), row]));
  return [...Map.groupBy(distinct.values(), ({ prompt }) => keyOf(prompt)).values()];
}

/**
 * Labels each prompt's best and worst answer. Principles vote with their weights: an answer has the sum, over principles and
 * other answers, of the weight where it is preferred, less the weight where the other is (Borda's count). One labeller's scores
 * of different principles need not be comparable for that.
 */
export async function labelAnswers(
  groups: readonly (readonly AnswerRow[])[],
  principles: readonly Principle[],
  labeller: Labeller,
): Promise<Labelled[]> {
  const rows = groups.flat();
  const scores = new Map<Principle, readonly (number | null)[]>();
  for (const principle of principles) scores.set(principle, await labeller.scores(principle, rows));
  let at = 0;
  return groups.map((group) => {
    const first = at;
    at += group.length;
    const prompt = group[0]?.prompt ?? '';
    if (group.length < 2) return { prompt, none: 'few-answers' };
    const scored = [...scores].map(([principle, all]) => ({
      principle,
      own: all.slice(first, first + group.length),
    }));
    const totals = group.map((_, one) =>
      scored.reduce(
        (sum, { principle, own }) =>
          sum +
          principle.weight *
            own.reduce<number>((votes, other) => votes + opinion(own[one] ?? null, other), 0),
        0,
      ),
    );
    const [best, worst] = [totals.indexOf(Math.max(...totals)), totals.indexOf(Math.min(...totals))];
    const [chosen, rejected] = [group[best], group[worst]];
    if (chosen === undefined || rejected === undefined || totals[best] === totals[worst])
      return { prompt, none: 'alike' };
    const deciding = scored.filter(({ own }) => opinion(own[best] ?? null, own[worst] ?? null) > 0);
    const gap = scored.reduce(
      (sum, { principle, own }) => sum + principle.weight * ((own[best] ?? 0) - (own[worst] ?? 0)),
      0,
    );
    return {
      ...{ prompt, chosen: chosen.completion, rejected: rejected.completion },
      ...{ principles: deciding.map(({ principle }) => principle.id), gap },
    };
  });
}
