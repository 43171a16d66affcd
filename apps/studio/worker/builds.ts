import { usedEntries } from '../../../client/data/cards/data-entry.ts';
import { buildFiles, runBuild, savedState } from '../../../client/derive/build/build.ts';
import { buildRecord, stageAdapterFolder } from '../../../client/derive/derivative.ts';
import { type BuildInputs, usedFiles } from '../../../client/derive/inputs.ts';
import { storedIdentity } from '../../../client/host/browser/identity.ts';
import { browserIsolate } from '../../../client/host/browser/isolate.ts';
import type { OriginFolder } from '../../../client/host/browser/origin-folder.ts';
import type { Isolate, Runtime } from '../../../client/runtime.ts';
import { version } from '../../cli/version.ts';
import { adapterFolder, storeAdapters, storeDerivative } from './build-result.ts';
import type { Library } from './library/add-files.ts';
import type { Cards } from './library/cards.ts';
import type { Models } from './library/models.ts';
import type { StudioEvent, UnfinishedBuild } from './worker-api.ts';

const recipeFile = 'recipe.yaml';

/** Builds in the page's own storage: each has a folder of its id until its result is a model. */
export class Builds {
  readonly #folder: OriginFolder;
  readonly #models: Models;
  readonly #cards: Cards;
  readonly #runtime: Runtime;

  constructor(folder: OriginFolder, { models, cards }: Pick<Library, 'models' | 'cards'>, runtime: Runtime) {
    this.#folder = folder;
    this.#models = models;
    this.#cards = cards;
    this.#runtime = runtime;
  }

  /** The build that was begun and has no result yet; null if there is none. */
  async unfinished(): Promise<UnfinishedBuild | null> {
    for (const id of await this.#folder.folders()) {
      const recipe = await this.#folder.folder(id).read(recipeFile);
      if (recipe !== null) return { id, recipe: new TextDecoder().decode(recipe) };
    }
    return null;
  }

  /** Removes what is stored of a build. */
  discard(id: string): Promise<void> {
    return this.#folder.remove(id);
  }

  /**
   * Builds, or resumes, and stores the result as a model, whose name it gives. If aborted, rejects with the signal's reason once
   * the state is stored. Throws `host.in-use` while another tab builds, or the errors of `runBuild`.
   */
  run(
    inputs: BuildInputs,
    recipeText: string,
    tell: (event: StudioEvent) => void,
    signal: AbortSignal,
  ): Promise<string> {
    return this.#runtime.hold(async () => {
      const { recipe, model, build } = inputs;
      const folder = this.#folder.folder(build.id);
      await folder.write(recipeFile, new TextEncoder().encode(recipeText));
      const name = await this.#models.freeName(nameOf(inputs));
      const about = { use: 'build' as const, by: name, recipe: null };
      await this.#cards.use(usedEntries(usedFiles(inputs), about, Date.now()));
      const earlier = await savedState(build, folder, model.config);
      tell({ event: 'earlier', measurements: earlier?.measurements ?? [] });
      const result = await runBuild(build, folder, {
        runtime: this.#runtime,
        config: model.config,
        tokenizer: model.tokenizer,
        checkpointMilliseconds: 60_000 * recipe.checkpointMinutes,
        references: folder.folder('references'),
        date: Date.now,
        async saveAdapter(stage, settings, values) {
          const files = stageAdapterFolder(inputs, stage, settings, values);
          for (const [name, bytes] of Object.entries(files))
            await folder.folder(adapterFolder(stage)).write(name, bytes);
        },
        startFunction,
        onEvent: tell,
        signal,
      });
      const record = buildRecord(inputs, result, version);
      const signer = await storedIdentity();
      const target = this.#models.folder(name);
      await storeDerivative(target, inputs, result, { record, signer });
      await copyAll(folder, target, [recipeFile, buildFiles.csv, buildFiles.jsonl, buildFiles.events]);
      const adapters = await storeAdapters(folder, target, inputs, { record, signer });
      await this.#models.finish(
        name,
        { config: build.stages.at(-1)?.config ?? model.config, parameters: result.parameters },
        {
          kind: 'derivative',
          from: recipe.baseModel,
          made: Date.now(),
          stages: record.stages.map(({ kind, steps, figures: [first] }) => ({
            ...{ kind, steps },
            ...{ before: first?.before ?? null, after: first?.after ?? null },
          })),
          hasAdapter: adapters > 0,
        },
      );
      await this.discard(build.id);
      return name;
    });
  }
}

/** Starts the worker in which a person's function runs. */
function startFunction(): Isolate {
  // The build of the page finds a worker by these very words.
  return browserIsolate(
    new Worker(new URL('./function-worker.ts', import.meta.url), {
      type: 'module',
      name: 'function-worker',
    }),
  );
}

/** The name of a result: its base's, with the kind of its last stage. */
function nameOf({ recipe }: BuildInputs): string {
  return `${recipe.baseModel}-${recipe.stages.at(-1)?.kind ?? 'built'}`;
}

/** Copies files from one folder to another; one that is not there is passed over. */
async function copyAll(from: OriginFolder, to: OriginFolder, names: readonly string[]): Promise<void> {
  for (const name of names) {
    const file = await from.open(name);
    if (file !== null) await to.copy(name, file);
  }
}
