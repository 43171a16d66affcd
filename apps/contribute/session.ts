import { batch, computed, type ReadonlySignal, type Signal, signal } from '@preact/signals';
import * as Comlink from 'comlink';
import type { StatusFeed } from '../ui/status-feed.ts';
import { atRest, type Progress, reduceProgress, type State, started, stateOf } from './progress.ts';
import type { ContributeWorker, Probe, StartRequest, WorkerEvent } from './worker-api.ts';

/** What the reader chose. Kept in memory only. */
export interface Choice {
  readonly source: Signal<'nation' | 'files'>;
  readonly nation: Signal<string>;
  readonly files: Signal<readonly File[]>;
  readonly token: Signal<string>;
  readonly power: Signal<number>;
}

/** The page's side of the worker. */
export interface Session {
  readonly probe: ReadonlySignal<Probe | null>;
  readonly progress: ReadonlySignal<Progress>;
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

/** The run's nation that the fewest nodes hold, so that newcomers spread over them. */
export function leastHeld(nations: readonly string[], held: readonly (string | null)[]): string {
  const count = (name: string) => held.filter((nation) => nation === name).length;
  return nations.reduce((least, name) => (count(name) < count(least) ? name : least), nations[0] ?? '');
}

export function openSession(feed: StatusFeed, token: string): Session {
  const worker = new Worker(new URL('./worker.ts', import.meta.url), {
    type: 'module',
    name: 'contribute-worker',
  });
  const remote = Comlink.wrap<ContributeWorker>(worker);
  const probe = signal<Probe | null>(null);
  const progress = signal<Progress>(atRest);
  const choice: Choice = {
    source: signal('nation'),
    nation: signal(''),
    files: signal<readonly File[]>([]),
    token: signal(token),
    power: signal(1),
  };
  const receive = (event: WorkerEvent) => {
    progress.value = reduceProgress(progress.value, event);
  };
  const fail = (message: string) =>
    receive({ event: 'failed', code: 'page.worker', message, next: 'Reload the page.' });
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
        const wanted = status?.run.nations.filter((name) => found.nations.some((n) => n.name === name)) ?? [];
        if (choice.nation.value === '')
          choice.nation.value =
            leastHeld(wanted, status?.nodes.map((node) => node.nation) ?? []) ||
            (found.nations[0]?.name ?? '');
      });
    },
    async start() {
      const request: StartRequest = {
        text:
          choice.source.value === 'files' ? { files: choice.files.value } : { nation: choice.nation.value },
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
