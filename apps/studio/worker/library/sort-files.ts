import { dataJournalFile } from '../../../../client/data/cards/data-entry.ts';
import { folderCard, sidecarEnding } from '../../../../client/data/cards/data-use.ts';
import { signaturesFile } from '../../../../client/derive/constitution/signatures.ts';
import { lineageFile } from '../../../../client/formats/lineage/lineage.ts';
import type { ChosenFile } from '../../../ui/files/chosen.ts';

/** What chosen files are for the studio. */
export interface SortedFiles {
  readonly models: readonly ChosenModel[];
  readonly datasets: readonly ChosenFile[];
  /** Data cards. */
  readonly cards: readonly ChosenFile[];
  /** A node's journals of what data was used for and revoked. */
  readonly journals: readonly ChosenFile[];
  /** Recipes, and what they name: constitutions and their signatures, rules, functions. Their content says which. */
  readonly documents: readonly ChosenFile[];
  readonly unknown: readonly ChosenFile[];
}

/** A GGUF file, or the files of a model's folder by their names. */
export interface ChosenModel {
  readonly name: string;
  readonly files: ReadonlyMap<string, File>;
}

const modelFile =
  /^(config|generation_config|tokenizer|tokenizer_config|lineage)\.json$|\.jinja$|\.safetensors(\.index\.json)?$/;
const datasetFile = /\.(jsonl|ndjson|json|txt|md|markdown)$/i;
const documentFile = /\.(ya?ml|m?js)$/i;
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
  const gguf = /\.gguf$/i;
  const lineages = new Map(rest.map((each) => [each.path, each.file]));
  for (const each of rest.filter((one) => gguf.test(nameOf(one)))) {
    // The lineage of one file is beside it.
    const lineage = lineages.get(`${each.path}.${lineageFile}`);
    const files = new Map([[nameOf(each), each.file]]);
    if (lineage !== undefined) files.set(lineageFile, lineage);
    models.push({ name: nameOf(each).replace(gguf, ''), files });
  }
  const known = rest.filter((each) => !isModelFile(nameOf(each), models.length > 0));
  const sorts = Map.groupBy(known, (each) => sortOf(nameOf(each)));
  const of = (sort: Sort) => sorts.get(sort) ?? [];
  return {
    ...{ models, datasets: of('dataset'), cards: of('card'), journals: of('journal') },
    ...{ documents: of('document'), unknown: of('unknown') },
  };
}

/** True for a GGUF file and what lies beside it and, where a model was chosen, for what folders of models hold besides. */
function isModelFile(name: string, isWithModel: boolean): boolean {
  return /\.gguf(\.lineage\.json)?$/i.test(name) || (isWithModel && passedOver.test(name));
}

type Sort = 'dataset' | 'card' | 'journal' | 'document' | 'unknown';

function sortOf(name: string): Sort {
  if (name === folderCard || name.endsWith(sidecarEnding)) return 'card';
  if (name === dataJournalFile) return 'journal';
  if (documentFile.test(name) || name.endsWith(signaturesFile(''))) return 'document';
  return datasetFile.test(name) ? 'dataset' : 'unknown';
}

function nameOf({ path }: ChosenFile): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
