import { type Signal, signal } from '@preact/signals';
import * as Comlink from 'comlink';
import type { RelayStatus } from '../../../relay/wire/status.ts';
import type { ExportedFile } from '../../ui/files/saving.ts';
import { type Problem, problemOf } from '../../ui/problem.ts';
import type { ContributeView } from '../contribute-view.ts';
import type { Answer, BaseWorker, WantedText } from './base-api.ts';
import { baseBefore, cardFacts, type MadeBase } from './shown-bases.ts';

/** `rounds`: one text each of the base before and after the last round. `samples`: two texts of the newest base, to vote on. */
export const trialModes = ['rounds', 'samples'] as const;
export type TrialMode = (typeof trialModes)[number];

export interface Draft {
  /** Number of rounds that made the base that writes it. */
  readonly round: number;
  readonly text: string;
}

/** Texts of bases that go on with one prompt. */
export interface Trial {
  readonly mode: TrialMode;
  readonly run: string;
  readonly prompt: string;
  readonly drafts: readonly Draft[];
  /** `voted`: also where the person said that neither is better. */
  readonly phase: 'writing' | 'stopped' | 'written' | 'voted';
}

export interface TrialRequest {
  readonly mode: TrialMode;
  readonly prompt: string;
  readonly base: MadeBase;
  readonly spareGpu: boolean;
}

/** The page's side of the worker that reads bases. The worker is opened when it is first needed. */
export class BaseSession {
  readonly trial: Signal<Trial | null> = signal(null);
  readonly problem: Signal<Problem | null> = signal(null);
  /** Votes on texts of the run that this browser stores; null while the page has stored none. */
  readonly votes: Signal<number | null> = signal(null);
  readonly #random: () => number;
  readonly #loaded: (bytes: number) => void;
  #worker: { readonly worker: Worker; readonly remote: Comlink.Remote<BaseWorker> } | null = null;
  /** Number of the newest trial. Pieces of an older one are ignored. */
  #trials = 0;

  /** `random` gives whole numbers below 2^32; `loaded` is told the bytes that the worker downloads, bases among them. */
  constructor(random: () => number, loaded: (bytes: number) => void) {
    this.#random = random;
    this.#loaded = loaded;
  }

  /** Lets bases go on with a prompt, side by side. Ends an earlier trial. */
  async write({ mode, prompt, base, spareGpu }: TrialRequest, status: RelayStatus): Promise<void> {
    const trial = ++this.#trials;
    const seed = this.#random();
    const before = mode === 'rounds' ? baseBefore(base, status) : base;
    const asked = before === null ? [base] : [before, base];
    const texts: WantedText[] = asked.map(({ hash }, index) => ({
      base: hash,
      seed: mode === 'rounds' ? seed : (seed + index) >>> 0,
    }));
    const run = status.run.id;
    const drafts = asked.map(({ round }) => ({ round, text: '' }));
    this.problem.value = null;
    this.trial.value = { mode, run, prompt, drafts, phase: 'writing' };
    const add = (index: number, text: string) => {
      const shown = this.trial.value;
      if (trial !== this.#trials || shown === null) return;
      const longer = shown.drafts.map((draft, at) =>
        at === index ? { ...draft, text: draft.text + text } : draft,
      );
      this.trial.value = { ...shown, drafts: longer };
    };
    const request = { run, texts, prompt, spareGpu };
    const whole = await this.#ask((remote) => remote.write(request, Comlink.proxy(add)));
    const shown = this.trial.value;
    if (trial !== this.#trials || shown === null) return;
    // Of a trial that failed nothing is shown but the problem.
    this.trial.value = whole === null ? null : { ...shown, phase: whole ? 'written' : 'stopped' };
  }

  stop(): void {
    void this.#worker?.remote.stop();
  }

  /** Stores which of the two texts is better; null if neither is. */
  async vote(winner: 0 | 1 | null): Promise<void> {
    const shown = this.trial.value;
    if (shown?.phase !== 'written') return;
    this.trial.value = { ...shown, phase: 'voted' };
    if (winner === null) return;
    const { run, prompt, drafts } = shown;
    const [chosen, rejected] = [drafts[winner]?.text ?? '', drafts[1 - winner]?.text ?? ''];
    const stored = await this.#ask((remote) => remote.vote({ run, prompt, chosen, rejected }));
    if (stored !== null) this.votes.value = stored;
  }

  /** The votes on texts of the run; null without any. */
  votesFile(run: string): Promise<ExportedFile | null> {
    return this.#ask((remote) => remote.votes(run));
  }

  /** The base as other programs read it. */
  modelFolder(
    base: MadeBase & { readonly hash: string },
    status: RelayStatus,
    own: Pick<ContributeView, 'corpus' | 'lastBase'>,
  ): Promise<Answer<readonly ExportedFile[]>> {
    const request = { run: status.run.id, base: base.hash, facts: cardFacts(base, status, own) };
    return this.#answer((remote) => remote.modelFolder(request));
  }

  /** Ends the worker, which holds bases in memory. */
  close(): void {
    this.#worker?.worker.terminate();
    this.#worker = null;
  }

  /** The worker's result; null after a problem, which is shown. */
  async #ask<T>(work: (remote: Comlink.Remote<BaseWorker>) => Promise<Answer<T>>): Promise<T | null> {
    const answer = await this.#answer(work);
    if ('result' in answer) return answer.result;
    this.problem.value = answer.problem;
    return null;
  }

  #answer<T>(work: (remote: Comlink.Remote<BaseWorker>) => Promise<Answer<T>>): Promise<Answer<T>> {
    return work(this.#open()).catch((error: unknown) => ({ problem: problemOf(error) }));
  }

  #open(): Comlink.Remote<BaseWorker> {
    if (this.#worker === null) {
      const worker = new Worker(new URL('./base-worker.ts', import.meta.url), {
        type: 'module',
        name: 'base-worker',
      });
      this.#worker = { worker, remote: Comlink.wrap<BaseWorker>(worker) };
      void this.#worker.remote.watchLoaded(Comlink.proxy(this.#loaded));
    }
    return this.#worker.remote;
  }
}
