import { type MergeLineage, mergedCard, mergeMetadata } from '../../../client/derive/merge/card.ts';
import { mergeModels } from '../../../client/derive/merge/merge.ts';
import { TapestryError } from '../../../client/errors.ts';
import { encodeModelFolder, type ModelFolder, parametersHash } from '../../../client/formats/model-folder.ts';
import { decodeNumbers, encodeNumbers } from '../../../client/formats/tensors/number-type.ts';
import type { Model } from '../../../client/model/files/read-model.ts';
import { version } from '../version.ts';
import type { MergeInputs } from './inputs.ts';

/** Everything of a merge but the work. */
export interface MergePlan {
  readonly inputs: MergeInputs;
  /** The model whose configuration and tokenizer the result has. */
  readonly model: Model;
  readonly lineage: MergeLineage;
}

/** Plans a merge. Throws `recipe.invalid` if a parameter has no value for a tensor. */
export function planMerge(inputs: MergeInputs): MergePlan {
  const { recipe, models, base } = inputs;
  const model = (base ?? models[0])?.model;
  if (model === undefined)
    throw new TapestryError('merge.models', 'There is no model.', 'Name at least one.');
  const { layout, config } = model;
  for (const { name } of layout.tensors) recipe.methodOf(name, config.layers);
  const parents = [
    ...(base === null ? [] : [{ ...base, isBase: true }]),
    ...models.map((each) => ({ ...each, isBase: false })),
  ];
  return {
    inputs,
    model,
    lineage: {
      kind: 'derivative',
      method: recipe.method,
      parents: parents.map(({ path, hash, isBase }) => ({ model: path, hash, isBase })),
      recipe: recipe.hash,
      code: version,
    },
  };
}

/** The files of the merged model, and the hash of its weights as they are stored. Throws `merge.models` or `model.not-finite`. */
export function mergedFolder({ inputs, model, lineage }: MergePlan): {
  readonly files: ModelFolder;
  readonly weights: string;
} {
  const { recipe, models, base } = inputs;
  const { config, layout, tokenizer } = model;
  const merged = mergeModels(
    {
      layout,
      models: models.map((each) => each.model.parameters),
      ...(base !== null && { base: base.model.parameters }),
    },
    ({ name }) => recipe.methodOf(name, config.layers),
  );
  // The hash is of what a reader of the file finds.
  decodeNumbers(recipe.type, encodeNumbers(recipe.type, merged), merged);
  const weights = parametersHash(merged);
  const notes = {
    metadata: mergeMetadata(weights, lineage),
    card: mergedCard(weights, lineage),
    type: recipe.type,
  };
  return { files: encodeModelFolder(config, layout, merged, tokenizer, notes), weights };
}
