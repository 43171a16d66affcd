import * as v from 'valibot';
import { revokedIn } from '../../../../client/data/cards/touched.ts';
import { modelParentage } from '../../../../client/derive/lineage.ts';
import { printable, TapestryError } from '../../../../client/errors.ts';
import { encodeJson, parseJson } from '../../../../client/formats/json.ts';
import {
  type Lineage,
  lineageFile,
  type Parentage,
  parseLineage,
} from '../../../../client/formats/lineage/lineage.ts';
import { parametersHash } from '../../../../client/formats/model-folder.ts';
import { blobSource } from '../../../../client/host/browser/blob-source.ts';
import type { OriginFolder } from '../../../../client/host/browser/origin-folder.ts';
import { checkShape } from '../../../../client/model/decoder.ts';
import {
  type LoadedModel,
  readFolderModel,
  readGgufModel,
} from '../../../../client/model/files/read-model.ts';
import { layoutOf } from '../../../../client/model/parameters.ts';
import type { ModelView } from '../worker-api.ts';
import type { ChosenModel } from './sort-files.ts';

const about = 'studio-model.json';

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const figure = v.nullable(v.number());
const aboutSchema = v.strictObject({
  kind: v.picklist(['base', 'derivative']),
  from: v.nullable(v.string()),
  hash: v.string(),
  parameters: count,
  contextLength: count,
  vocabularySize: count,
  made: v.number(),
  stages: v.array(v.strictObject({ kind: v.string(), steps: count, before: figure, after: figure })),
  hasAdapter: v.boolean(),
});
export type ModelAbout = v.InferOutput<typeof aboutSchema>;

/** Models whose weights stay in memory. */
const loadedAtOnce = 2;

/** The models in the page's own storage, each in a folder of its name. */
export class Models {
  readonly #folder: OriginFolder;
  readonly #loaded = new Map<string, Promise<LoadedModel>>();

  constructor(folder: OriginFolder) {
    this.#folder = folder;
  }

  /** All whole models, the oldest first. `revoked` are the hashes of revoked data and cards. */
  async list(revoked: ReadonlySet<string>): Promise<ModelView[]> {
    const found: ModelView[] = [];
    for (const name of await this.#folder.folders()) {
      const folder = this.#folder.folder(name);
      const read = await readAbout(folder);
      if (read === null) continue;
      const files = await folder.list();
      const lineage = await this.lineage(name).catch(() => null);
      const data = lineage === null ? [] : revokedIn(lineage, revoked);
      found.push({
        ...{ name, ...read, bytes: files.reduce((sum, { bytes }) => sum + bytes, 0) },
        revoked: [...new Set(data.map((file) => file.name))],
      });
    }
    return found.sort((a, b) => a.made - b.made);
  }

  /** Reads a chosen model, and stores its files as they are. Gives its name here. Throws the errors of `readModel`. */
  async add(chosen: ChosenModel, made: number): Promise<string> {
    const model = await readModel(chosen.files);
    checkShape(model.config);
    const name = await this.freeName(chosen.name);
    const folder = this.#folder.folder(name);
    for (const [file, blob] of chosen.files) await folder.copy(file, blob);
    await this.finish(name, model, { kind: 'base', from: null, made, stages: [], hasAdapter: false });
    return name;
  }

  /** A name that no model has yet: letters, digits, dots and hyphens. */
  async freeName(wanted: string): Promise<string> {
    const plain =
      wanted
        .replace(/[^\w.-]+/g, '-')
        .replace(/^[-.]+|[-.]+$/g, '')
        .slice(0, 60) || 'model';
    const taken = new Set(await this.#folder.folders());
    if (!taken.has(plain)) return plain;
    for (let at = 2; ; at++) if (!taken.has(`${plain}-${at}`)) return `${plain}-${at}`;
  }

  folder(name: string): OriginFolder {
    return this.#folder.folder(name);
  }

  /** Marks a model's folder as whole. */
  async finish(
    name: string,
    { config, parameters }: Pick<LoadedModel, 'config' | 'parameters'>,
    more: Pick<ModelAbout, 'kind' | 'from' | 'made' | 'stages' | 'hasAdapter'>,
  ): Promise<void> {
    const { contextLength, vocabularySize } = config;
    const hash = parametersHash(parameters);
    const { trained } = layoutOf(config);
    const all: ModelAbout = { ...more, hash, parameters: trained, contextLength, vocabularySize };
    await this.#folder.folder(name).write(about, encodeJson(all));
  }

  /** Reads a model's weights, or takes them from memory. Throws `studio.no-model` or the errors of `readModel`. */
  load(name: string): Promise<LoadedModel> {
    const known = this.#loaded.get(name);
    const loading = known ?? this.#read(name);
    this.#loaded.delete(name);
    this.#loaded.set(name, loading);
    loading.catch(() => this.#loaded.delete(name));
    const [oldest] = this.#loaded.keys();
    if (this.#loaded.size > loadedAtOnce && oldest !== undefined) this.#loaded.delete(oldest);
    return loading;
  }

  /** The parentage that a model gives to what is built on it. Throws `lineage.damaged` or `lineage.false`. */
  async parentage(name: string): Promise<Parentage> {
    const model = await this.load(name);
    return modelParentage(await this.lineage(name), model, name);
  }

  /** The lineage that a model was built or dropped with; null without one. Throws `lineage.damaged`. */
  async lineage(name: string): Promise<Lineage | null> {
    const lineage = await this.#folder.folder(name).read(lineageFile);
    return lineage && parseLineage(lineage);
  }

  async remove(name: string): Promise<void> {
    this.#loaded.delete(name);
    await this.#folder.remove(name);
  }

  async #read(name: string): Promise<LoadedModel> {
    const isHere = (await this.#folder.folders()).includes(name);
    const folder = this.#folder.folder(name);
    if (!isHere || (await readAbout(folder)) === null)
      throw new TapestryError(
        'studio.no-model',
        name === '' ? 'The recipe names no base.' : `There is no model ${printable(name)} here.`,
        'Drop a base on the page, or choose one that is here.',
      );
    const files = new Map<string, File>();
    for (const { name: file } of await folder.list()) {
      const opened = await folder.open(file);
      if (opened !== null) files.set(file, opened);
    }
    return readModel(files);
  }
}

async function readAbout(folder: OriginFolder): Promise<ModelAbout | null> {
  const bytes = await folder.read(about);
  if (bytes === null) return null;
  const parsed = v.safeParse(aboutSchema, parseJson(bytes));
  return parsed.success ? parsed.output : null;
}

/** Reads a GGUF file or a folder's files. Throws the errors of `readGgufModel` and `readFolderModel`. */
function readModel(files: ReadonlyMap<string, File>): Promise<LoadedModel> {
  const gguf = [...files].find(([name]) => /\.gguf$/i.test(name));
  if (gguf !== undefined) return readGgufModel(blobSource(gguf[1]));
  return readFolderModel({
    async open(name, most) {
      const file = files.get(name);
      if (file === undefined) return null;
      if (file.size <= most) return blobSource(file);
      throw new TapestryError(
        'model.unreadable',
        `${name} has more than ${most} bytes.`,
        'Choose the folder of one model.',
      );
    },
    shown: (name) => name,
  });
}
