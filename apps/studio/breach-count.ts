import { batch, type Signal, signal } from '@preact/signals';
import type * as Comlink from 'comlink';
import { proxy } from 'comlink';
import type { BreachRequest, BreachView, StudioWorker } from './worker/worker-api.ts';

/** How far counting has come, in answers. */
export interface CountProgress {
  readonly done: number;
  readonly all: number;
}

/** Prompts that each model answers: enough to see a change, few enough to wait for. */
const countedPrompts = 24;

/** Counting what two models' answers break of the recipe's rules. */
export class BreachCount {
  readonly result: Signal<BreachView | null> = signal(null);
  /** Null unless a count is being made. */
  readonly progress: Signal<CountProgress | null> = signal(null);
  readonly #worker: Comlink.Remote<StudioWorker>;
  readonly #random: () => number;

  /** `random` gives whole numbers below 2^32. */
  constructor(worker: Comlink.Remote<StudioWorker>, random: () => number) {
    this.#worker = worker;
    this.#random = random;
  }

  async count(recipe: string, asked: Omit<BreachRequest, 'prompts' | 'seed' | 'temperature'>): Promise<void> {
    this.result.value = null;
    this.progress.value = { done: 0, all: 0 };
    const request = { ...asked, prompts: countedPrompts, temperature: 0.8, seed: this.#random() };
    let isCounting = true;
    // Progress comes by another channel than the result, and may come after it.
    const onProgress = proxy((done: number, all: number) => {
      if (isCounting) this.progress.value = { done, all };
    });
    const result = await this.#worker.breaches(recipe, request, onProgress);
    isCounting = false;
    batch(() => {
      this.result.value = result;
      this.progress.value = null;
    });
  }
}
