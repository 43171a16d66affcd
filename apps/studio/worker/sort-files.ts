import type { ChosenFile } from './worker-api.ts';

/** What chosen files are for the studio. */
export interface SortedFiles {
  readonly models: readonly ChosenModel[];
  readonly datasets: readonly ChosenFile[];
  readonly recipes: readonly ChosenFile[];
  readonly unknown: readonly ChosenFile[];
}

/** A GGUF file, or the files of a model's folder by their names. */
export interface ChosenModel {
  readonly name: string;
  readonly files: ReadonlyMap<string, File>;
}

const modelFile =
  /^(config|generation_config|tokenizer|tokenizer_config)\.json$|\.jinja$|\.safetensors(\.index\.json)?$/;
const datasetFile = /\.(jsonl|ndjson|json|txt|md|markdown)$/i;
const recipeFile = /\.ya?ml$/i;
/** Files that folders of models hold besides, and that nothing reads. */
const passedOver =
  /^(\..*|Modelfile|README\.md|LICENSE.*|special_tokens_map\.json|vocab\.json|merges\.txt)$/i;

/** Sorts files by their names. A folder with config.json and weights is a model; its other files belong to it. */
export function sortFiles(chosen: readonly ChosenFile[]): SortedFiles {
  const folders = Map.groupBy(chosen, ({ path }) => path.slice(0, path.lastIndexOf('/') + 1));
  const models: ChosenModel[] = [];
  const rest: ChosenFile[] = [];
  for (const [folder, files] of folders) {
    const names = files.map(nameOf);
    const isModel = names.includes('config.json') && names.some((name) => name.endsWith('.safetensors'));
    if (!isModel) rest.push(...files);
    else
      models.push({
        name: folder.split('/').at(-2) ?? 'model',
        files: new Map(
          files.filter((each) => modelFile.test(nameOf(each))).map((each) => [nameOf(each), each.file]),
        ),
      });
  }
  const is = (pattern: RegExp) => (each: ChosenFile) => pattern.test(nameOf(each));
  const gguf = /\.gguf$/i;
  for (const each of rest.filter(is(gguf)))
    models.push({ name: nameOf(each).replace(gguf, ''), files: new Map([[nameOf(each), each.file]]) });
  const known = rest.filter((each) => !is(gguf)(each) && !(models.length > 0 && is(passedOver)(each)));
  return {
    models,
    datasets: known.filter(is(datasetFile)),
    recipes: known.filter(is(recipeFile)),
    unknown: known.filter((each) => !is(datasetFile)(each) && !is(recipeFile)(each)),
  };
}

function nameOf({ path }: ChosenFile): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
