import * as v from 'valibot';
import { parseJson } from '../client/formats/json.ts';
import { diskFiles } from '../client/host/disk.ts';
import { recipeHash } from '../client/train/checkpoint.ts';

/**
 * The results of a bench's runs, one file each under the hash of its recipe, so that a bench that was interrupted does only what is left.
 * Whoever changes what a run does chooses another folder, or adds the change to the recipe.
 */
export class StoredResults {
  readonly #files: ReturnType<typeof diskFiles> | null;

  /** Without a folder nothing is stored. */
  constructor(folder: string | undefined) {
    this.#files = folder === undefined ? null : diskFiles(folder);
  }

  /** The stored result of the recipe, or a new one, which is stored. Throws ValiError for a stored result of another form. */
  async get<Schema extends v.GenericSchema>(
    recipe: object,
    schema: Schema,
    make: () => Promise<v.InferOutput<Schema>>,
  ): Promise<v.InferOutput<Schema>> {
    const name = `${recipeHash(recipe).slice(0, 32)}.json`;
    const bytes = await this.#files?.read(name);
    const result = bytes ? v.parse(schema, parseJson(bytes)) : await make();
    if (!bytes) await this.#files?.write(name, new TextEncoder().encode(JSON.stringify(result)));
    return result;
  }
}
