import { batch, computed, effect, type ReadonlySignal, type Signal, signal } from '@preact/signals';
import * as Comlink from 'comlink';
import { knownIdentity, storedIdentity } from '../../../client/host/browser/identity.ts';
import { toHex } from '../../../relay/wire/hex.ts';
import type { EvaluatorEvent } from '../../evaluator/evaluator.ts';
import { type Problem, problemOf } from '../../ui/problem.ts';
import type { StatusFeed } from '../../ui/status-feed.ts';
import type { EvaluateWorker } from './evaluate-api.ts';

/** What the evaluation does now, or how it ended. */
export type Stage = 'rest' | 'opening' | 'running' | 'complete' | 'stopped' | 'failed';

/** What the evaluation needs of the page. */
export interface EvaluateOptions {
  readonly feed: Pick<StatusFeed, 'status'>;
  readonly token: ReadonlySignal<string>;
  /** The page's address asks for this browser's key: `#evaluate`. Without it no key is made for whoever only looks. */
  readonly isInvited: boolean;
  /** Is told what the worker downloads. */
  readonly loaded: (bytes: number) => void;
}

/** The page's side of the evaluator: whether this browser may evaluate the run, and the worker that does. */
export class EvaluateSession {
  readonly isInvited: boolean;
  readonly stage = signal<Stage>('rest');
  /** The newest event of the evaluation. */
  readonly event = signal<EvaluatorEvent | null>(null);
  readonly problem = signal<Problem | null>(null);
  readonly active = computed(() => this.stage.value === 'opening' || this.stage.value === 'running');
  /** The public key of this browser in hex; null while it is not known. */
  readonly key: Signal<string | null> = signal(null);
  /** The run's manifest names this browser's key. The worker compares the whole key with the manifest. */
  readonly isGranted: ReadonlySignal<boolean>;
  readonly #options: EvaluateOptions;
  #worker: Worker | null = null;

  constructor(options: EvaluateOptions) {
    this.#options = options;
    this.isInvited = options.isInvited;
    const { status } = options.feed;
    const hasEvaluators = computed(() => status.value?.run.evaluators !== undefined);
    this.isGranted = computed(() => {
      const id = this.key.value?.slice(0, 16);
      return id !== undefined && status.value?.run.evaluators?.ids.includes(id) === true;
    });
    effect(() => {
      if (hasEvaluators.value || options.isInvited) void this.#readKey();
    });
  }

  start(): void {
    this.#worker?.terminate();
    const worker = new Worker(new URL('./evaluate-worker.ts', import.meta.url), {
      type: 'module',
      name: 'evaluate-worker',
    });
    this.#worker = worker;
    batch(() => {
      this.stage.value = 'opening';
      this.event.value = null;
      this.problem.value = null;
    });
    const remote = Comlink.wrap<EvaluateWorker>(worker);
    void remote.watchLoaded(Comlink.proxy(this.#options.loaded));
    const token = this.#options.token.peek().trim();
    const hear = (event: EvaluatorEvent) => {
      if (this.#worker !== worker) return;
      batch(() => {
        this.stage.value = 'running';
        this.event.value = event;
      });
    };
    const ended = (problem: Problem | null) => {
      if (this.#worker !== worker) return;
      this.#end(problem === null ? 'complete' : 'failed');
      this.problem.value = problem;
    };
    const failed = (message: string) => ended({ code: 'page.worker', message, next: 'Reload the page.' });
    worker.onerror = ({ message }) => failed(message);
    remote
      .evaluate(token === '' ? null : token, Comlink.proxy(hear))
      .then(ended, (error: unknown) => failed(String(error)));
  }

  /** Ends the evaluation; no round waits for it longer than once. */
  stop(): void {
    if (this.active.peek()) this.#end('stopped');
  }

  #end(stage: Stage): void {
    this.#worker?.terminate();
    this.#worker = null;
    this.stage.value = stage;
  }

  async #readKey(): Promise<void> {
    try {
      const identity = await (this.isInvited ? storedIdentity() : knownIdentity());
      this.key.value = identity === null ? null : toHex(identity.publicKey);
    } catch (error) {
      if (this.isInvited) this.problem.value = problemOf(error);
    }
  }
}
