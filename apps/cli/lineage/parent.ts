import { modelParentage } from '../../../client/derive/lineage.ts';
import type { Parentage } from '../../../client/formats/lineage/lineage.ts';
import type { LoadedModel } from '../../../client/model/files/read-model.ts';
import { readLineage } from './lineage-file.ts';

/**
 * The parentage that a model gives to what is made from it. `name` says where it was read; `path` is its folder or file.
 * @throws TapestryError as `modelParentage` and `readLineage`
 */
export async function parentageOf(
  path: string,
  model: Pick<LoadedModel, 'parameters' | 'metadata'>,
  name = path,
): Promise<Parentage> {
  return modelParentage(await readLineage(path), model, name);
}
