import * as Comlink from 'comlink';
import { revokedHashes } from '../../../client/data/cards/data-entry.ts';
import { nations } from '../../../client/data/udhr/nations.ts';
import { parseRecipe } from '../../../client/derive/recipe/recipe.ts';
import { openDevice } from '../../../client/gpu/device.ts';
import { forgetIdentity } from '../../../client/host/browser/identity.ts';
import {
  type OriginFolder,
  originFolder,
  type StoredFile,
} from '../../../client/host/browser/origin-folder.ts';
import { browserRuntime, forgetFiles } from '../../../client/host/browser/runtime.ts';
import { problemOf } from '../../ui/problem.ts';
import { answersOf } from './answers.ts';
import { breachesOf, breachRulesOf } from './breaches.ts';
import { Builds } from './builds.ts';
import { exportModel } from './exports.ts';
import { addFiles } from './library/add-files.ts';
import { Cards } from './library/cards.ts';
import { Datasets } from './library/datasets.ts';
import { Documents } from './library/documents.ts';
import { Models } from './library/models.ts';
import { planOf, recipeName, studioInputs } from './plans.ts';
import { promptsOf, rowViews } from './rows.ts';
import type { LibraryView, Opened, StudioEvent, StudioWorker } from './worker-api.ts';

/**
 * The worker runs all code that uses the adapter, the models or the text. Its script's content-security policy lets it connect to
 * nothing.
 */
const purpose = { folder: 'tapestry-studio', work: 'building in the studio' };
const runtime = browserRuntime(purpose);
const root = originFolder(purpose.folder);
const models = new Models(root.folder('models'));
const cards = new Cards(root.folder('cards'));
const datasets = new Datasets(root.folder('data'), cards);
const documents = new Documents(root.folder('documents'));
const library = { models, datasets, documents, cards };
const builds = new Builds(root.folder('builds'), library, runtime);
const recipeFile = 'recipe.yaml';
/** Prompts that are offered of a dataset. */
const offeredPrompts = 200;

let tell: (event: StudioEvent) => void = () => {};
let building: AbortController | null = null;

/** The recipe of a studio that was never used. */
const firstRecipe = `stages:
  - kind: instruct
    adapter: lora
    lora_r: 8
    num_epochs: 3
    replay: {share: 0.3, corpora: [${nations[0]?.name ?? ''}]}
`;

async function libraryView(): Promise<LibraryView> {
  const { quota = null } = await navigator.storage.estimate();
  return {
    models: await models.list(revokedHashes(await cards.entries())),
    datasets: await datasets.list(),
    documents: await documents.list(),
    unfinished: building === null ? await builds.unfinished() : null,
    files: await filesIn(root, ''),
    quota,
  };
}

async function filesIn(folder: OriginFolder, prefix: string): Promise<StoredFile[]> {
  const own = (await folder.list()).map(({ name, bytes }) => ({ name: prefix + name, bytes }));
  for (const name of await folder.folders())
    own.push(...(await filesIn(folder.folder(name), `${prefix}${name}/`)));
  return own;
}

async function showLibrary(): Promise<void> {
  tell({ event: 'library', library: await libraryView() });
}

/** Runs `work`; an error becomes an event, and null the result. */
async function orProblem<T>(work: () => Promise<T>): Promise<T | null> {
  try {
    return await work();
  } catch (error) {
    tell({ event: 'problem', ...problemOf(error) });
    return null;
  }
}

async function probe(): Promise<Opened['gpu']> {
  try {
    const { name, software, close } = await openDevice(await runtime.gpu());
    close();
    return { name, software };
  } catch {
    return null;
  }
}

const inputsOf = (recipe: string) =>
  studioInputs(recipe, library, (problem) => tell({ event: 'problem', ...problemOf(problem) }));

const api: StudioWorker = {
  async open(listener) {
    tell = listener;
    const stored = await root.read(recipeFile);
    return {
      gpu: await probe(),
      corpora: nations.map(({ name }) => name),
      recipe: stored === null ? firstRecipe : new TextDecoder().decode(stored),
      library: await libraryView(),
    };
  },
  async add(files) {
    const onRecipe = (recipe: string) => tell({ event: 'recipe', recipe });
    await addFiles(files, library, { attempt: orProblem, onRecipe }, Date.now());
    await showLibrary();
  },
  async removeModel(name) {
    await orProblem(() => models.remove(name));
    await showLibrary();
  },
  async removeDataset(name) {
    await orProblem(() => datasets.remove(name));
    await showLibrary();
  },
  async removeCard(dataset) {
    await orProblem(() => datasets.removeCard(dataset));
    await showLibrary();
  },
  async removeDocument(name) {
    await orProblem(() => documents.remove(name));
    await showLibrary();
  },
  async revoke(dataset) {
    await orProblem(() => datasets.revoke(dataset, Date.now()));
    await showLibrary();
  },
  async forget() {
    building?.abort();
    await orProblem(async () => {
      await Promise.all([forgetFiles(purpose), forgetIdentity()]);
    });
  },
  async setRecipe(text) {
    await orProblem(() => root.write(recipeFile, new TextEncoder().encode(text)));
    try {
      parseRecipe(text, recipeName);
      return null;
    } catch (error) {
      return problemOf(error);
    }
  },
  async rows(dataset, start, count, text) {
    const found = await orProblem(async () => {
      const recipe = parseRecipe(text, recipeName);
      const model = await models.load(recipe.baseModel);
      const { domains } = await breachRulesOf(recipe, documents);
      const { rows } = await datasets.rows(dataset);
      return rowViews(rows.slice(start, start + count), start, dataset, { recipe, model, domains });
    });
    return found ?? [];
  },
  plan: (recipe) => orProblem(async () => planOf(await inputsOf(recipe), runtime)),
  async build(recipe) {
    const controller = new AbortController();
    building = controller;
    try {
      const inputs = await inputsOf(recipe);
      const model = await builds.run(inputs, recipe, (event) => tell(event), controller.signal);
      tell({ event: 'built', model });
    } catch (error) {
      tell(controller.signal.aborted ? { event: 'stopped' } : { event: 'failed', ...problemOf(error) });
    }
    building = null;
    await showLibrary();
  },
  stop() {
    building?.abort(new DOMException('The person stopped the build.', 'AbortError'));
  },
  async discard(id) {
    await orProblem(() => builds.discard(id));
    await showLibrary();
  },
  answer: (request, onText) =>
    orProblem(async () => {
      let whole = '';
      const { prompt, ...asked } = request;
      for await (const { text } of answersOf(models, runtime, { ...asked, prompts: [prompt] })) {
        whole += text;
        if (text !== '') onText(text);
      }
      return whole;
    }),
  breaches: (recipe, request, onProgress) =>
    orProblem(() =>
      breachesOf(parseRecipe(recipe, recipeName), request, library, runtime, (done, all) =>
        onProgress(done, all),
      ),
    ),
  async vote(vote) {
    await orProblem(() => datasets.vote(vote));
    await showLibrary();
  },
  async prompts(dataset) {
    const found = await orProblem(async () => promptsOf((await datasets.rows(dataset)).rows, offeredPrompts));
    return found ?? [];
  },
  exported: (model, format, acknowledged) =>
    orProblem(() => exportModel(library, model, format, acknowledged)),
};

Comlink.expose(api);
