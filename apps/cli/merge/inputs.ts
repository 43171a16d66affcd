import { type MergeRecipe, parseMergeRecipe } from '../../../client/derive/merge/recipe.ts';
import { haveSameTokens } from '../../../client/derive/merge/same-tokens.ts';
import { printable, TapestryError } from '../../../client/errors.ts';
import type { Parentage } from '../../../client/formats/lineage/lineage.ts';
import type { Model } from '../../../client/model/files/read-model.ts';
import { readRecipeText } from '../build/inputs.ts';
import { parentageOf } from '../lineage/parent.ts';
import { loadModel } from '../model/model-folder.ts';

/** A model of a merge, and where it was read. */
export interface MergeParent {
  readonly path: string;
  readonly hash: string;
  readonly model: Model;
  readonly parentage: Parentage;
}

export interface MergeInputs {
  readonly recipe: MergeRecipe;
  readonly models: readonly MergeParent[];
  /** Null for a method without one. */
  readonly base: MergeParent | null;
}

/**
 * Reads a merge's recipe and its models, each once; `onRead` is told of each.
 * @throws TapestryError `recipe.*`, `model.*`, `gguf.*`, `tokenizer.*`, `merge.shape` or `merge.tokenizer`
 */
export async function readMerge(path: string, onRead: (parent: MergeParent) => void): Promise<MergeInputs> {
  const recipe = parseMergeRecipe(await readRecipeText(path), path);
  const read = new Map<string, MergeParent>();
  let first: MergeParent | null = null;
  const parentAt = async (place: string): Promise<MergeParent> => {
    const known = read.get(place);
    if (known !== undefined) return known;
    const model = await loadModel(place);
    const parentage = await parentageOf(place, model);
    const parent = { path: place, hash: parentage.parent.weights, model, parentage };
    if (first === null) first = parent;
    else requireAlike(first, parent);
    read.set(place, parent);
    onRead(parent);
    return parent;
  };
  const base = recipe.base === null ? null : await parentAt(recipe.base);
  const models: MergeParent[] = [];
  for (const place of recipe.models) models.push(await parentAt(place));
  return { recipe, models, base };
}

/** Values can be merged only where they mean the same: one configuration, and one vocabulary. */
function requireAlike(first: MergeParent, other: MergeParent): void {
  const [wanted, found] = [first, other].map(({ model }) => new Map(Object.entries(model.config)));
  const names = new Set([...(wanted?.keys() ?? []), ...(found?.keys() ?? [])]);
  const shown = (value: unknown) => JSON.stringify(value) ?? 'none';
  const differing = [...names].filter((name) => shown(wanted?.get(name)) !== shown(found?.get(name)));
  if (differing.length > 0) {
    const each = differing.map(
      (name) => `${name} is ${shown(found?.get(name))} and not ${shown(wanted?.get(name))}`,
    );
    throw new TapestryError(
      'merge.shape',
      `${printable(other.path)} cannot be merged with ${printable(first.path)}: ${each.join(', ')}.`,
      'Merge models that were trained from one base.',
    );
  }
  if (haveSameTokens(first.model.tokenizer, other.model.tokenizer)) return;
  throw new TapestryError(
    'merge.tokenizer',
    `${printable(other.path)} has another tokenizer than ${printable(first.path)}.`,
    'Merge models whose tokens have the same numbers, such as those that were trained from one base.',
  );
}
