import { mergedCard, mergeMetadata } from '../../../client/derive/merge/card.ts';
import { mergeModels } from '../../../client/derive/merge/merge.ts';
import { TapestryError } from '../../../client/errors.ts';
import type { Lineage } from '../../../client/formats/lineage/lineage.ts';
import type { MergeRecord } from '../../../client/formats/lineage/record.ts';
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
  readonly record: Omit<MergeRecord, 'weights'>;
  /** The lineages of the models, where they have one. */
  readonly families: readonly Lineage[];
}

/** Plans a merge. Throws `recipe.invalid` if a parameter has no value for a tensor. */
export function planMerge(inputs: MergeInputs): MergePlan {
  const { recipe, models, base } = inputs;
  const model = (base ?? models[0])?.model;
  if (model === undefined)
    throw new TapestryError('merge.models', 'There is no model.', 'Name at least one.');
  const { layout, config } = model;
  for (const { name } of layout.tensors) recipe.methodOf(name, config.layers);
  const parents = base === null ? models : [base, ...models];
  return {
    inputs,
    model,
    record: {
      made: 'merge',
      kind: 'derivative',
      method: recipe.method,
      parents: parents.map(({ parentage }) => parentage.parent),
      recipe: recipe.hash,
      constitution: null,
      code: version,
    },
    families: parents.flatMap(({ parentage: { family } }) => family ?? []),
  };
}

/** The files of the merged model, and its record. Throws `merge.models` or `model.not-finite`. */
export function mergedFolder({ inputs, model, record: planned }: MergePlan): {
  readonly files: ModelFolder;
  readonly record: MergeRecord;
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
  const record = { ...planned, weights: parametersHash(merged) };
  const notes = {
    metadata: mergeMetadata(record),
    card: mergedCard(record),
    type: recipe.type,
  };
  return { files: encodeModelFolder(config, layout, merged, tokenizer, notes), record };
}
