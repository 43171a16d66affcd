import { batch, computed, effect, type ReadonlySignal, signal } from '@preact/signals';
import * as Comlink from 'comlink';
import type { EvidenceFile } from '../../client/contribute/protocol/evidence.ts';
import { forgetLanguage } from '../ui/language/language.ts';
import { forgetPages } from '../ui/offline/store-pages.ts';
import { openPageBytes, type PageBytes } from '../ui/page-bytes/page-bytes.ts';
import type { StatusFeed } from '../ui/status-feed.ts';
import { type Away, openAway } from './away/away.ts';
import { forgetAway } from './away/stored-away.ts';
import { BaseSession } from './base/base-session.ts';
import {
  atRest,
  type ContributeView,
  reduceProgress,
  type State,
  started,
  stateOf,
} from './contribute-view.ts';
import type { EnvelopeApi } from './envelope/envelope-api.ts';
import { EvaluateSession } from './evaluate/evaluate-session.ts';
import { type OtherTab, watchOtherTab } from './tab/other-tab.ts';
import { forgetChoice } from './tab/stored-choice.ts';
import { type Choice, openChoice } from './text/choice.ts';
import type { ContributeWorker, Probe, StartRequest, TextPreview, WorkerEvent } from './worker/worker-api.ts';

/** The page's side of the worker. */
export interface Controller {
  readonly probe: ReadonlySignal<Probe | null>;
  readonly progress: ReadonlySignal<ContributeView>;
  readonly state: ReadonlySignal<State>;
  readonly busy: ReadonlySignal<boolean>;
  /** Time of the next attempt to reach the relay, in milliseconds since 1970; null while it answers. */
  readonly retryAt: ReadonlySignal<number | null>;
  /** The pauses of the node, and their reason. */
  readonly away: Away;
  readonly choice: Choice;
  /** What the person's own text holds; null without one, and while the worker reads it. */
  readonly preview: ReadonlySignal<TextPreview | null>;
  readonly feed: StatusFeed;
  /** What the page itself downloaded, without the node's part. */
  readonly pageBytes: PageBytes;
  readonly bases: BaseSession;
  readonly evaluating: EvaluateSession;
  readonly otherTab: OtherTab;
  /** What this tab sent, to be opened. */
  readonly envelope: EnvelopeApi;
  look(): Promise<void>;
  start(): Promise<void>;
  finish(): void;
  /** Stores the round in work, because the page may be closed. */
  storeSoon(): void;
  retryNow(): void;
  setPower(power: number): void;
  /** The receipts of this node's contributions to the run that it joined; null without any. */
  receipts(): Promise<EvidenceFile | null>;
  forget(): Promise<void>;
}

/** Milliseconds without a key after which a text that is being written is read. */
const typingPause = 300;

/** The run's corpus that the fewest nodes train on, so that new nodes spread over all corpora. */
export function leastHeld(corpora: readonly string[], held: readonly (string | null)[]): string {
  const count = (name: string) => held.filter((corpus) => corpus === name).length;
  return corpora.reduce((least, name) => (count(name) < count(least) ? name : least), corpora[0] ?? '');
}

/** `isInvited`: the page's address asks for the key with which this browser may evaluate. */
export function openController(feed: StatusFeed, token: string, isInvited: boolean): Controller {
  const worker = new Worker(new URL('./worker/worker.ts', import.meta.url), {
    type: 'module',
    name: 'contribute-worker',
  });
  const remote = Comlink.wrap<ContributeWorker>(worker);
  const probe = signal<Probe | null>(null);
  const progress = signal<ContributeView>(atRest);
  const retryAt = signal<number | null>(null);
  const choice = openChoice(token);
  const pageBytes = openPageBytes(feed);
  const bases = new BaseSession(() => crypto.getRandomValues(new Uint32Array(1))[0] ?? 0, pageBytes.add);

  const evaluating = new EvaluateSession({
    ...{ feed, isInvited },
    token: choice.token,
    loaded: pageBytes.add,
  });

  const receive = (event: WorkerEvent) =>
    batch(() => {
      progress.value = reduceProgress(progress.value, event);
      if (event.event === 'retry') retryAt.value = Date.now() + event.milliseconds;
      else if (progress.value.retry === null) retryAt.value = null;
      const wanted = choice.stopAfter.value;
      if (event.event === 'acknowledged' && wanted !== null && progress.value.sinceStart >= wanted)
        void remote.finish();
    });
  const fail = (message: string) =>
    receive({ event: 'failed', code: 'page.worker', message, next: 'Reload the page.', evidence: [] });
  worker.onerror = (event) => fail(event.message);
  const subscribed = remote.subscribe(Comlink.proxy(receive));
  void remote.watchLoaded(Comlink.proxy(pageBytes.add));

  const busy = computed(() => progress.value.activity !== null);
  let isHeld = false;
  const away = openAway(choice.away, progress, (wanted) => {
    if (wanted) void remote.pause();
    else if (isHeld && busy.peek()) void remote.resume();
    isHeld = wanted;
  });
  const preview = signal<TextPreview | null>(null);
  effect(() => {
    const files = choice.ownText.value;
    preview.value = null;
    if (files.length === 0) return;
    const read = () =>
      remote.preview(files).then(
        (found) => {
          if (choice.ownText.peek() === files) preview.value = found;
        },
        (error: unknown) => fail(String(error)),
      );
    // A text is read when the person pauses at writing it.
    const timer = setTimeout(read, choice.pasted.peek() === '' ? 0 : typingPause);
    return () => clearTimeout(timer);
  });
  // The page's own stream reaches the relay again: the node need not wait for its next attempt.
  effect(() => {
    if (feed.connection.value === 'live' && progress.peek().retry !== null) void remote.retryNow();
  });
  return {
    probe,
    progress,
    busy,
    retryAt,
    away,
    choice,
    preview,
    feed,
    pageBytes,
    bases,
    evaluating,
    envelope: remote,
    otherTab: watchOtherTab(),
    state: computed(() => {
      const found = probe.value;
      const isOver = feed.status.value?.round.phase === 'complete';
      if (isOver && progress.value.activity === null && progress.value.ending === null) return 'over';
      if (found === null) return 'checking';
      return 'obstacle' in found.gpu ? 'unsupported' : stateOf(progress.value);
    }),
    async look() {
      probe.value = null;
      const found = await remote.probe();
      batch(() => {
        probe.value = found;
        const status = feed.status.value;
        const has = (name: string) => found.corpora.some((corpus) => corpus.name === name);
        const wanted = status?.run.corpora.filter(has) ?? [];
        if (!has(choice.corpus.value))
          choice.corpus.value =
            leastHeld(wanted, status?.nodes.map((node) => node.corpus) ?? []) ||
            (found.corpora[0]?.name ?? '');
      });
    },
    async start() {
      const request: StartRequest = {
        text:
          choice.source.value === 'corpus'
            ? { corpus: choice.corpus.value }
            : { files: choice.ownText.value },
        token: choice.token.value.trim() === '' ? null : choice.token.value.trim(),
        power: choice.power.value,
      };
      progress.value = started(progress.value);
      await subscribed;
      const ended = remote.start(request);
      // A start drops the controls of an earlier run, so a reason that holds already is told again.
      if (isHeld) void remote.pause();
      await ended.catch((error: unknown) => fail(String(error)));
    },
    finish: () => void remote.finish(),
    storeSoon: () => void remote.storeSoon(),
    retryNow: () => void remote.retryNow(),
    setPower(power) {
      choice.power.value = power;
      void remote.setPower(power);
    },
    async receipts() {
      const { run } = progress.value;
      return run === null ? null : remote.receipts(run);
    },
    async forget() {
      forgetChoice();
      forgetAway();
      bases.close();
      evaluating.stop();
      forgetLanguage();
      await forgetPages();
      await remote.forget();
      worker.terminate();
    },
  };
}
