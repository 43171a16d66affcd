import { batch, computed, type ReadonlySignal, type Signal, signal } from '@preact/signals';
import * as Comlink from 'comlink';
import {
  changeRecipe,
  type RecipeChange,
  type RecipeForm,
  readForm,
} from '../../client/derive/recipe/recipe-form.ts';
import type { ChosenFile } from '../ui/files/chosen.ts';
import type { ExportedFile } from '../ui/files/saving.ts';
import { forgetLanguage } from '../ui/language/language.ts';
import type { Problem } from '../ui/problem.ts';
import { adopted, votesFile } from './adoption.ts';
import { BreachCount } from './breach-count.ts';
import { Comparison } from './comparison.ts';
import { atRest, begun, isBusy, reduceTraining, type TrainingView } from './training-view.ts';
import type {
  DocumentView,
  ExportFormat,
  LibraryView,
  Opened,
  PlanView,
  RowView,
  StudioEvent,
  StudioWorker,
  UnfinishedBuild,
} from './worker/worker-api.ts';

const keptProblems = 5;

/** The page's side of the worker, and the person's choices. */
export class Session {
  readonly opened: Signal<Opened | null> = signal(null);
  readonly library: Signal<LibraryView | null> = signal(null);
  readonly recipe: Signal<string> = signal('');
  readonly form: ReadonlySignal<RecipeForm | null> = computed(() => readForm(this.recipe.value));
  readonly recipeProblem: Signal<Problem | null> = signal(null);
  readonly plan: Signal<PlanView | null> = signal(null);
  readonly planning: Signal<boolean> = signal(false);
  readonly adding: Signal<boolean> = signal(false);
  readonly training: Signal<TrainingView> = signal(atRest);
  readonly busy: ReadonlySignal<boolean> = computed(() => isBusy(this.training.value));
  readonly problems: Signal<readonly Problem[]> = signal([]);
  readonly comparison: Comparison;
  readonly breaches: BreachCount;
  readonly #worker: Worker;
  readonly #remote: Comlink.Remote<StudioWorker>;

  constructor() {
    this.#worker = new Worker(new URL('./worker/worker.ts', import.meta.url), {
      type: 'module',
      name: 'studio-worker',
    });
    this.#worker.onerror = ({ message }) =>
      this.#show({ code: 'page.worker', message, next: 'Reload the page.' });
    this.#remote = Comlink.wrap<StudioWorker>(this.#worker);
    const draw = () => crypto.getRandomValues(new Uint32Array(1))[0] ?? 0;
    this.comparison = new Comparison(this.#remote, draw);
    this.breaches = new BreachCount(this.#remote, draw);
  }

  async open(): Promise<void> {
    const opened = await this.#remote.open(Comlink.proxy((event: StudioEvent) => this.#receive(event)));
    batch(() => {
      this.opened.value = opened;
      this.library.value = opened.library;
      this.recipe.value = opened.recipe;
    });
    this.setRecipe(opened.library.unfinished?.recipe ?? opened.recipe);
  }

  async add(files: readonly ChosenFile[]): Promise<void> {
    if (files.length === 0) return;
    this.adding.value = true;
    // A browser that is short of room clears what is not persistent.
    await navigator.storage.persist();
    await this.#remote.add(files);
    this.adding.value = false;
  }

  removeModel(name: string): void {
    void this.#remote.removeModel(name);
  }

  removeDataset(name: string): void {
    this.#leaveOut(name);
    void this.#remote.removeDataset(name);
  }

  /** Revokes a dataset, and takes it out of the recipe. */
  revoke(name: string): void {
    this.#leaveOut(name);
    void this.#remote.revoke(name);
  }

  removeCard(dataset: string): void {
    void this.#remote.removeCard(dataset);
  }

  /** Removes a file that recipes name, and takes its name out of this one. */
  removeDocument({ name, kind }: DocumentView): void {
    const keys = {
      constitution: 'constitution',
      rules: 'protectedFile',
      function: 'rewardFunction',
    } as const;
    const key = keys[kind];
    if (this.form.value?.[key] === name) this.change({ [key]: null });
    void this.#remote.removeDocument(name);
  }

  /** Changes the recipe by the form. */
  change(choice: RecipeChange): void {
    if (this.form.value !== null) this.setRecipe(changeRecipe(this.recipe.value, choice));
  }

  setRecipe(text: string): void {
    batch(() => {
      this.recipe.value = text;
      this.plan.value = null;
    });
    void this.#remote.setRecipe(text).then((problem) => {
      if (this.recipe.value === text) this.recipeProblem.value = problem;
    });
  }

  async makePlan(): Promise<void> {
    this.planning.value = true;
    const recipe = this.recipe.value;
    const plan = await this.#remote.plan(recipe);
    this.planning.value = false;
    if (this.recipe.value === recipe) this.plan.value = plan;
  }

  rows(dataset: string, start: number, count: number): Promise<readonly RowView[]> {
    return this.#remote.rows(dataset, start, count, this.recipe.value);
  }

  prompts(dataset: string): Promise<readonly string[]> {
    return this.#remote.prompts(dataset);
  }

  async build(): Promise<void> {
    this.training.value = begun;
    await this.#remote.build(this.recipe.value);
  }

  /** Resumes a build that was stopped. */
  async resume({ recipe }: UnfinishedBuild): Promise<void> {
    this.setRecipe(recipe);
    await this.build();
  }

  stop(): void {
    this.training.value = { ...this.training.value, state: 'stopping' };
    void this.#remote.stop();
  }

  discard(id: string): void {
    this.training.value = atRest;
    void this.#remote.discard(id);
  }

  /** Trains a model on the votes at once. */
  async trainOnVotes(base: string): Promise<void> {
    this.change({ base, kind: 'prefer', datasets: [votesFile] });
    await this.build();
  }

  exported(
    model: string,
    format: ExportFormat,
    acknowledged: boolean,
  ): Promise<readonly ExportedFile[] | null> {
    return this.#remote.exported(model, format, acknowledged);
  }

  async forget(): Promise<void> {
    forgetLanguage();
    await this.#remote.forget();
    this.#worker.terminate();
  }

  dismiss(problem: Problem): void {
    this.problems.value = this.problems.value.filter((each) => each !== problem);
  }

  /** Takes a dataset out of the recipe's data and base text. */
  #leaveOut(dataset: string): void {
    const form = this.form.value;
    if (form === null) return;
    const without = (names: readonly string[]) => names.filter((name) => name !== dataset);
    this.change({
      datasets: without(form.datasets),
      ...(form.replayText.includes(dataset) && { replayText: without(form.replayText) }),
    });
  }

  #receive(event: StudioEvent): void {
    if (event.event === 'problem') {
      const { code, message, next } = event;
      this.#show({ code, message, next });
    } else if (event.event === 'recipe') this.setRecipe(event.recipe);
    else if (event.event === 'library') this.#take(event.library);
    else this.training.value = reduceTraining(this.training.value, event);
  }

  /** Shows what the studio holds now, and lets the recipe use what is new. */
  #take(library: LibraryView): void {
    const before = this.library.value;
    this.library.value = library;
    const form = this.form.value;
    const choice = form && before && adopted(form, before, library);
    if (choice) this.change(choice);
  }

  #show(problem: Problem): void {
    if (this.problems.value.some(({ message }) => message === problem.message)) return;
    this.problems.value = [...this.problems.value, problem].slice(-keptProblems);
  }
}
