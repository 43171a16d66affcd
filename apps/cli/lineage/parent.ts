import { lineageProblems } from '../../../client/derive/lineage.ts';
import { printable, TapestryError } from '../../../client/errors.ts';
import type { Parentage } from '../../../client/formats/lineage/lineage.ts';
import { type Parent, recordHash } from '../../../client/formats/lineage/record.ts';
import { parametersHash } from '../../../client/formats/model-folder.ts';
import type { LoadedModel } from '../../../client/model/files/read-model.ts';
import { readLineage } from './lineage-file.ts';

/**
 * The parentage that a model gives to what is made from it. `name` says where it was read; `path` is its folder or file.
 * @throws TapestryError `lineage.false` if its lineage does not hold or is of other values, and as `readLineage`
 */
export async function parentageOf(
  path: string,
  { parameters, metadata }: Pick<LoadedModel, 'parameters' | 'metadata'>,
  name = path,
): Promise<Parentage> {
  const weights = parametersHash(parameters);
  const family = await readLineage(path);
  if (family !== null) {
    const problems = await lineageProblems(family);
    if (family.record.weights !== weights) problems.push('it is of other values than those of the model');
    if (problems.length > 0)
      throw new TapestryError(
        'lineage.false',
        `The lineage of ${printable(path)} does not hold: ${problems.join('; ')}.`,
        'Get the model again, or remove its lineage to use it as a model of unknown origin.',
      );
  }
  const record = family && recordHash(family.record);
  return { parent: { name, weights, run: runOf(metadata), record }, family };
}

/** The run and the round that a base's file names. */
function runOf(metadata: LoadedModel['metadata']): Parent['run'] {
  const { 'tapestry.kind': kind, 'tapestry.run': id = '', 'tapestry.round': round = '' } = metadata;
  const isNamed = kind === 'base' && /^[0-9a-f]{64}$/.test(id) && /^\d{1,9}$/.test(round);
  return isNamed ? { id, round: Number(round) } : null;
}
