import { batch, computed, type ReadonlySignal, type Signal, signal } from '@preact/signals';
import * as Comlink from 'comlink';
import type { StatusFeed } from '../ui/status-feed.ts';
import {
  atRest,
  type ContributeView,
  reduceProgress,
  type State,
  started,
  stateOf,
} from './contribute-view.ts';
import type { ContributeWorker, Probe, StartRequest, WorkerEvent } from './worker/worker-api.ts';

/** The person's choices, held only in memory. */
export interface Choice {
  readonly source: Signal<'corpus' | 'files'>;
  readonly corpus: Signal<string>;
  readonly files: Signal<readonly File[]>;
  readonly token: Signal<string>;
  readonly power: Signal<number>;
}

/** The page's side of the worker. */
export interface Controller {
  readonly probe: ReadonlySignal<Probe | null>;
  readonly progress: ReadonlySignal<ContributeView>;
  readonly state: ReadonlySignal<State>;
  readonly busy: ReadonlySignal<boolean>;
  readonly choice: Choice;
  readonly feed: StatusFeed;
  look(): Promise<void>;
  start(): Promise<void>;
  pause(): void;
  resume(): void;
  finish(): void;
  setPower(power: number): void;
  forget(): Promise<void>;
}

/** The run's corpus that the fewest nodes train on, so that new nodes spread over all corpora. */
export function leastHeld(corpora: readonly string[], held: readonly (string | null)[]): string {
  const count = (name: string) => held.filter((corpus) => corpus === name).length;
  return corpora.reduce((least, name) => (count(name) < count(least) ? name : least), corpora[0] ?? '');
}

export function openController(feed: StatusFeed, token: string): Controller {
  const worker = new Worker(new URL('./worker/worker.ts', import.meta.url), {
    type: 'module',
    name: 'contribute-worker',
  });
  const remote = Comlink.wrap<ContributeWorker>(worker);
  const probe = signal<Probe | null>(null);
  const progress = signal<ContributeView>(atRest);
  const choice: Choice = {
    source: signal('corpus'),
    corpus: signal(''),
    files: signal<readonly File[]>([]),
    token: signal(token),
    power: signal(1),
  };
  const receive = (event: WorkerEvent) => {
    progress.value = reduceProgress(progress.value, event);
  };
  const fail = (message: string) =>
    receive({ event: 'failed', code: 'page.worker', message, next: 'Reload the page.', evidence: [] });
  worker.onerror = (event) => fail(event.message);
  const subscribed = remote.subscribe(Comlink.proxy(receive));

  const busy = computed(() => progress.value.activity !== null);
  return {
    probe,
    progress,
    busy,
    choice,
    feed,
    state: computed(() => {
      const found = probe.value;
      if (found === null) return 'checking';
      return 'obstacle' in found.gpu ? 'unsupported' : stateOf(progress.value);
    }),
    async look() {
      probe.value = null;
      const found = await remote.probe();
      batch(() => {
        probe.value = found;
        const status = feed.status.value;
        const wanted = status?.run.corpora.filter((name) => found.corpora.some((n) => n.name === name)) ?? [];
        if (choice.corpus.value === '')
          choice.corpus.value =
            leastHeld(wanted, status?.nodes.map((node) => node.corpus) ?? []) ||
            (found.corpora[0]?.name ?? '');
      });
    },
    async start() {
      const request: StartRequest = {
        text:
          choice.source.value === 'files' ? { files: choice.files.value } : { corpus: choice.corpus.value },
        token: choice.token.value.trim() === '' ? null : choice.token.value.trim(),
        power: choice.power.value,
      };
      progress.value = started(progress.value);
      await subscribed;
      await remote.start(request).catch((error: unknown) => fail(String(error)));
    },
    pause: () => void remote.pause(),
    resume: () => void remote.resume(),
    finish: () => void remote.finish(),
    setPower(power) {
      choice.power.value = power;
      void remote.setPower(power);
    },
    async forget() {
      await remote.forget();
      worker.terminate();
    },
  };
}
