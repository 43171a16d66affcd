import { splitRows } from '../../../client/derive/data/split-rows.ts';
import { type BreachRules, canBreach, countBreaches } from '../../../client/derive/evaluation/breaches.ts';
import { protectedRulesOf } from '../../../client/derive/inputs.ts';
import { protectedDomains } from '../../../client/derive/protect/domains.ts';
import type { Recipe } from '../../../client/derive/recipe/recipe.ts';
import { TapestryError } from '../../../client/errors.ts';
import type { Runtime } from '../../../client/runtime.ts';
import { answersOf } from './answers.ts';
import type { Library } from './library/add-files.ts';
import type { Datasets } from './library/datasets.ts';
import type { Documents } from './library/documents.ts';
import { promptsOf } from './rows.ts';
import type { BreachRequest, BreachView } from './worker-api.ts';

/** What a recipe holds answers to: its protected domains, and its constitution's principles. Throws `studio.no-file`, `protected.*`, `constitution.*`. */
export async function breachRulesOf(recipe: Recipe, documents: Documents): Promise<BreachRules> {
  const constitution = recipe.constitution && (await documents.constitution(recipe.constitution.path));
  const rules = await protectedRulesOf(recipe, constitution, documents);
  return {
    domains: rules.length === 0 ? null : protectedDomains(rules),
    principles: constitution?.constitution.principles ?? [],
  };
}

/**
 * Lets models answer the same prompts of a recipe's data, and counts what of the answers breaks the recipe's rules. The prompts are
 * held-out ones where there are any. `onProgress` is told after each answer.
 * @throws TapestryError `studio.no-breaches` for a recipe without rules or prompts, and the errors of `answersOf`
 */
export async function breachesOf(
  recipe: Recipe,
  { models: names, ...request }: BreachRequest,
  { models, datasets, documents }: Library,
  runtime: Runtime,
  onProgress: (done: number, all: number) => void,
): Promise<BreachView> {
  const rules = await breachRulesOf(recipe, documents);
  const prompts = await heldOutPrompts(recipe, datasets, request.prompts);
  if (!canBreach(rules) || prompts.length === 0)
    throw new TapestryError(
      'studio.no-breaches',
      'The recipe has no rule that finds breaches, or its data has no prompt.',
      'Drop a file of rules, or a constitution with protected domains or checks, and data with prompts.',
    );
  let done = 0;
  const count = async (model: string) => {
    const texts = prompts.map(() => '');
    for await (const { prompt, text, end } of answersOf(models, runtime, { ...request, model, prompts })) {
      texts[prompt] += text;
      if (end !== undefined) onProgress(++done, names.length * prompts.length);
    }
    return countBreaches(texts, rules);
  };
  const [one, other] = names;
  return { models: names, prompts: prompts.length, counted: [await count(one), await count(other)] };
}

/** Prompts that the recipe does not train on, or any if all are trained on. Throws `card.*` for data that may take no part. */
async function heldOutPrompts(recipe: Recipe, datasets: Datasets, most: number): Promise<string[]> {
  const [stage] = recipe.stages;
  if (stage === undefined) return [];
  const files = await Promise.all(stage.datasets.map((name) => datasets.rows(name)));
  for (const file of files) await datasets.cardOf(file);
  const rows = files.flatMap((file) => file.rows);
  const { heldOut, train } = splitRows(rows, stage.heldOutShare);
  const prompts = promptsOf(heldOut, most);
  return prompts.length > 0 ? prompts : promptsOf(train, most);
}
