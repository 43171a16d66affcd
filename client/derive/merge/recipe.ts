import type { FloatType } from '../../formats/safetensors.ts';
import { recipeHash } from '../../train/checkpoint.ts';
import { type IgnoredKey, type ReadKeys, readKeys } from '../recipe/read-keys.ts';
import type { MergeMethod } from './method.ts';
import { depthOf, type MergeParameter, parameterAt } from './parameter.ts';
import { ignoredMergeKeys, type MergeKeys, mergeKeys, mergeSchema, type numberNames } from './schema.ts';

const types: Readonly<Record<(typeof numberNames)[number], FloatType>> = {
  float32: 'F32',
  float16: 'F16',
  bfloat16: 'BF16',
};

/** A merge as mergekit's YAML describes it. */
export interface MergeRecipe {
  readonly method: MergeKeys['merge_method'];
  /** Places of the models, in the order of the merge; for SLERP the one at 0 and the one at 1. */
  readonly models: readonly string[];
  /** What TIES and DARE take differences from; null for the other methods. */
  readonly base: string | null;
  /** How the result is stored. */
  readonly type: FloatType;
  readonly ignored: readonly IgnoredKey[];
  /** SHA-256, in hex, of all values that determine the result besides the models. */
  readonly hash: string;
  /** How a tensor is merged in models of so many layers. Throws `recipe.invalid` if a parameter has no value for it. */
  readonly methodOf: (tensor: string, layers: number) => MergeMethod;
}

type Entry = MergeKeys['models'][number] & { readonly index: number };

/** Parses the text of a merge's recipe. `name` is the file's, for messages. Throws the errors of `readKeys`. */
export function parseMergeRecipe(text: string, name: string): MergeRecipe {
  const next = 'Correct the lines; docs/recipe.md says what a merge may have.';
  const form = {
    subject: 'recipe' as const,
    ...{ schema: mergeSchema, knownKeys: mergeKeys, ignoredKeys: ignoredMergeKeys, next },
  };
  const read = readKeys(text, name, form);
  const { merge_method: method, parameters, seed = 0, dtype = 'float32', out_dtype = dtype } = read.keys;
  const entries = entriesOf(read);
  const base = method === 'ties' || method === 'dare_ties' ? (read.keys.base_model ?? null) : null;
  const { int8_mask: _mask, ...shared } = parameters ?? {};
  const type = types[out_dtype];
  return {
    method,
    models: entries.map(({ model }) => model),
    base,
    type,
    ignored: [...read.ignored, ...ignoredIn(read)].toSorted((a, b) => a.line - b.line),
    hash: recipeHash({ method, models: entries.map((entry) => entry.parameters ?? {}), shared, seed, type }),
    methodOf: (tensor, layers) => methodAt(read, entries, tensor, depthOf(tensor, layers)),
  };
}

/** The models that are merged, as the method needs them. */
function entriesOf({ keys, refuse }: ReadKeys<MergeKeys>): readonly Entry[] {
  const { merge_method: method, base_model: base } = keys;
  const entries = keys.models.map((entry, index) => ({ ...entry, index }));
  if (method === 'linear') return entries;
  if (base === undefined)
    throw refuse(['merge_method'], `${method} needs base_model, the model that ${begins[method]}`);
  const others = entries.filter(({ model }) => model !== base);
  if (method !== 'slerp') {
    if (others.length === 0) throw refuse(['models'], 'models names no model besides base_model');
    return others;
  }
  if (others.length !== 1 || entries.length > 2)
    throw refuse(['models'], `models must name one model besides base_model, and has ${others.length}`);
  return [{ model: base, index: -1 }, ...others];
}

const begins = {
  slerp: 'it begins at',
  ties: 'the others were trained from',
  dare_ties: 'the others were trained from',
} as const;

/** Keys that mergekit uses and that change nothing here. */
function ignoredIn({ keys, lineOf }: ReadKeys<MergeKeys>): IgnoredKey[] {
  const found: IgnoredKey[] = [];
  if (keys.merge_method === 'linear' && keys.base_model !== undefined)
    found.push({ key: 'base_model', line: lineOf(['base_model']) });
  if (keys.parameters?.int8_mask !== undefined)
    found.push({ key: 'int8_mask', line: lineOf(['parameters', 'int8_mask']) });
  return found;
}

/** The method of one tensor. A model's own parameter goes before that of the whole merge. */
function methodAt(
  { keys, refuse }: ReadKeys<MergeKeys>,
  entries: readonly Entry[],
  tensor: string,
  depth: number,
): MergeMethod {
  const { merge_method: method, parameters, seed = 0 } = keys;
  const valueAt = (given: MergeParameter | undefined) =>
    given === undefined ? null : parameterAt(given, tensor, depth);
  const own = (name: 'weight' | 'density', usual: number | null) =>
    entries.map(({ index, ...entry }) => {
      const value = valueAt(entry.parameters?.[name]) ?? valueAt(parameters?.[name]) ?? usual;
      if (value !== null) return value;
      throw refuse(['models', index], `models.${index}.parameters.${name} is missing for ${tensor}`);
    });
  switch (method) {
    case 'linear':
      return { kind: 'linear', weights: own('weight', null), normalize: parameters?.normalize ?? true };
    case 'slerp': {
      const fraction = valueAt(parameters?.t);
      if (fraction === null) throw refuse(['parameters', 't'], `parameters.t is missing for ${tensor}`);
      return { kind: 'slerp', fraction };
    }
    case 'ties':
    case 'dare_ties':
      return {
        kind: method === 'ties' ? 'ties' : 'dare-ties',
        weights: own('weight', null),
        densities: own('density', 1),
        normalize: parameters?.normalize ?? method === 'ties',
        lambda: parameters?.lambda ?? 1,
        seed,
      };
    default:
      return method satisfies never;
  }
}
