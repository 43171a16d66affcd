import type { ModelTokenizer } from '../../../data/tokenizer.ts';
import { compilePattern } from '../../patterns.ts';
import type { Principle } from '../constitution.ts';
import type { Labeller } from './labeller.ts';
import type { AnswerRow, CritiqueRow } from './rows.ts';
import { critiqueRequest } from './words.ts';
import type { Writer } from './writer.ts';

/** What writes critiques in words; without one, a critique says what the labeller found. */
export interface Critic {
  readonly writer: Writer;
  readonly tokenizer: ModelTokenizer;
}

export interface CritiqueOptions {
  readonly labeller: Labeller;
  /** An answer that scores below it breaks the principle. */
  readonly border: number;
  readonly critic: Critic | null;
}

/** Says of each answer whether it breaks a principle. Answers that the labeller cannot score are left out. */
export async function critiqueAnswers(
  rows: readonly AnswerRow[],
  principle: Principle,
  { labeller, border, critic }: CritiqueOptions,
  signal: AbortSignal,
): Promise<CritiqueRow[]> {
  const scores = await labeller.scores(principle, rows);
  const scored = rows.flatMap(({ prompt, completion }, index) => {
    const score = scores[index] ?? null;
    return score === null ? [] : [{ prompt, completion, score, breaks: score < border }];
  });
  const breaking = scored.filter(({ breaks }) => breaks);
  const written =
    critic === null
      ? breaking.map(({ completion, score }) => foundBy(labeller, principle, completion, score))
      : await critic.writer.write(
          breaking.map((row) => ({
            ...{ prompt: critiqueRequest(critic.tokenizer, principle, row), attempt: 0, stop: ['\n'] },
          })),
          signal,
        );
  const critiques = new Map(breaking.map((row, index) => [row, written[index]?.trim() ?? '']));
  return scored.map((row) => ({ ...row, principle: principle.id, critique: critiques.get(row) ?? '' }));
}

function foundBy({ kind }: Labeller, { check, text }: Principle, completion: string, score: number): string {
  if (kind === 'check' && check !== undefined) {
    const found = compilePattern(check).find(completion);
    return `The check finds "${completion.slice(found?.start ?? 0, found?.end ?? 0)}". ${text}`;
  }
  return `The ${kind === 'judge' ? 'judge' : 'model'} scores it ${score.toFixed(2)}. ${text}`;
}
