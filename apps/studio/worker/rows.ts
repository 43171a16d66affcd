import { lossTokens } from '../../../client/derive/build/loss-spans.ts';
import { stageExamples } from '../../../client/derive/build/stage-data.ts';
import { sequenceOf } from '../../../client/derive/build/stage-plan.ts';
import { promptOf, type Row, textOf } from '../../../client/derive/data/row.ts';
import type { ProtectedDomains } from '../../../client/derive/protect/domains.ts';
import { protectedMatches } from '../../../client/derive/protect/scanner.ts';
import type { Recipe } from '../../../client/derive/recipe/recipe.ts';
import type { Model } from '../../../client/model/files/read-model.ts';
import type { RowView } from './worker-api.ts';

/** The most tokens of an example that the page shows. */
const shownTokens = 2000;

/** What decides how rows become examples, and which are removed. */
export interface RowContext {
  readonly recipe: Recipe;
  readonly model: Model;
  readonly domains: ProtectedDomains | null;
}

/** Rows as the stage of a recipe that reads the dataset makes them. `start` is the index of the first. */
export function rowViews(
  rows: readonly Row[],
  start: number,
  dataset: string,
  { recipe, model, domains }: RowContext,
): RowView[] {
  const stage = recipe.stages.find(({ datasets }) => datasets.includes(dataset)) ?? recipe.stages[0];
  if (stage === undefined) return [];
  const sequence = sequenceOf(stage, model.config);
  return rows.map((row, at) => {
    const { examples, tooLong, unsuitable } = stageExamples([row], stage, model.tokenizer, sequence);
    const matches = domains === null ? [] : protectedMatches(textOf(row), domains);
    return {
      index: start + at,
      form: row.form,
      protectedBy: matches.map(({ rule }) => rule),
      leftOut: unsuitable > 0 ? 'unsuitable' : tooLong > 0 ? 'too-long' : null,
      examples: examples.map((example) => lossTokens(example, model.tokenizer).slice(0, shownTokens)),
    };
  });
}

/** Different prompts of rows, for asking a model. */
export function promptsOf(rows: readonly Row[], most: number): string[] {
  const prompts = new Set<string>();
  for (const row of rows) {
    if (prompts.size >= most) break;
    const prompt = row.form === 'text' ? row.text.slice(0, 60) : promptOf(row);
    if (prompt.trim() !== '') prompts.add(prompt);
  }
  return [...prompts];
}
