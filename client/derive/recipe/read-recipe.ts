import { type Document, isMap, isSeq, parse } from 'yaml';
import { type ReadKeys, readKeys } from './read-keys.ts';
import { ignoredKeys, knownKeys, type RecipeKeys, recipeSchema } from './schema.ts';

const next = 'Correct the lines; docs/recipe.md lists the keys and their values.';

/** Values in YAML that replace those of a recipe's keys, in every stage. */
export type Overrides = ReadonlyMap<string, string>;

/** Reads a build's recipe from YAML. `name` is the file's, for messages. Throws the errors of `readKeys`. */
export function readRecipe(
  text: string,
  name: string,
  overrides: Overrides = new Map(),
): ReadKeys<RecipeKeys> {
  const form = { subject: 'recipe' as const, schema: recipeSchema, knownKeys, ignoredKeys, next };
  return readKeys(text, name, form, (document) => override(document, overrides));
}

function override(document: Document, overrides: Overrides): void {
  const stages = document.get('stages');
  for (const [key, value] of overrides) {
    document.set(key, parse(value));
    if (isSeq(stages)) for (const stage of stages.items) if (isMap(stage)) stage.delete(key);
  }
}
