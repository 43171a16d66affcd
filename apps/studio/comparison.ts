import { type Signal, signal } from '@preact/signals';
import type * as Comlink from 'comlink';
import { proxy } from 'comlink';
import type { ChatFormat } from '../../client/derive/chat/answer-prompt.ts';
import type { PreferencePair } from '../../client/derive/chat/conversation.ts';
import type { Turns } from '../../client/derive/data/row.ts';
import type { StudioWorker } from './worker/worker-api.ts';

export type Side = 'left' | 'right';
export type Verdict = Side | 'tie';

export interface Answer {
  readonly model: string;
  readonly text: string;
}

/** Two answers to one prompt; which model is on which side is hidden until the vote. */
export interface Round {
  readonly prompt: string;
  readonly format: ChatFormat;
  readonly left: Answer;
  readonly right: Answer;
  readonly phase: 'answering' | 'voting' | 'voted';
}

/** Votes between two models since the page was opened. */
export interface Tally {
  readonly wins: Readonly<Record<string, number>>;
  readonly ties: number;
}

const noTally: Tally = { wins: {}, ties: 0 };

/** The models' pair as one key, whatever their order. */
export function pairKey(one: string, other: string): string {
  return JSON.stringify([one, other].sort());
}

/** The tally after a vote on a round. */
export function counted(tally: Tally, { left, right }: Round, verdict: Verdict): Tally {
  if (verdict === 'tie') return { ...tally, ties: tally.ties + 1 };
  const { model } = verdict === 'left' ? left : right;
  return { ...tally, wins: { ...tally.wins, [model]: (tally.wins[model] ?? 0) + 1 } };
}

/** The row that *prefer* reads of a vote: plain text, or messages that the chat template writes as they were asked. */
export function pairOf({ prompt, format, left, right }: Round, winner: Side): PreferencePair {
  const [chosen, rejected] = winner === 'left' ? [left, right] : [right, left];
  if (format === 'plain') return { prompt, chosen: chosen.text, rejected: rejected.text };
  const answer = ({ text }: Answer): Turns => [{ role: 'assistant', content: text }];
  return {
    prompt: [{ role: 'user', content: prompt }],
    chosen: answer(chosen),
    rejected: answer(rejected),
  };
}

export interface AskOptions {
  readonly prompt: string;
  readonly format: ChatFormat;
  readonly models: readonly [string, string];
  readonly maxTokens: number;
}

/** Comparing two models by blind votes. */
export class Comparison {
  readonly round: Signal<Round | null> = signal(null);
  readonly tallies: Signal<ReadonlyMap<string, Tally>> = signal(new Map());
  readonly #worker: Comlink.Remote<StudioWorker>;
  readonly #random: () => number;

  /** `random` gives whole numbers below 2^32. */
  constructor(worker: Comlink.Remote<StudioWorker>, random: () => number) {
    this.#worker = worker;
    this.#random = random;
  }

  tallyOf(one: string, other: string): Tally {
    return this.tallies.value.get(pairKey(one, other)) ?? noTally;
  }

  /** Asks both models, the sides drawn by chance. */
  async ask({ prompt, format, models, maxTokens }: AskOptions): Promise<void> {
    const [one, other] = models;
    const [left, right] = this.#random() % 2 === 0 ? [one, other] : [other, one];
    const empty = (model: string) => ({ model, text: '' });
    this.round.value = { prompt, format, left: empty(left), right: empty(right), phase: 'answering' };
    for (const side of ['left', 'right'] as const) {
      const { model } = this.round.value[side];
      const request = { model, format, prompt, maxTokens, temperature: 0.8, seed: this.#random() };
      const whole = await this.#worker.answer(
        request,
        proxy((text: string) => this.#add(side, text)),
      );
      if (whole === null) {
        this.round.value = null;
        return;
      }
    }
    this.round.value = { ...this.round.value, phase: 'voting' };
  }

  /** Counts a vote, and stores it as a pair unless there is no winner. */
  async vote(verdict: Verdict): Promise<void> {
    const round = this.round.value;
    if (round?.phase !== 'voting') return;
    const { left, right } = round;
    const key = pairKey(left.model, right.model);
    const tally = counted(this.tallyOf(left.model, right.model), round, verdict);
    this.tallies.value = new Map([...this.tallies.value, [key, tally]]);
    this.round.value = { ...round, phase: 'voted' };
    if (verdict === 'tie') return;
    await this.#worker.vote(pairOf(round, verdict));
  }

  #add(side: Side, text: string): void {
    const round = this.round.value;
    if (round === null) return;
    const answer = round[side];
    this.round.value = { ...round, [side]: { ...answer, text: answer.text + text } };
  }
}
