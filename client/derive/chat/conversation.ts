import type { ChatMessage } from '../../data/chat-template.ts';
import type { Turns } from '../data/row.ts';
import { type ChatFormat, plainPrompt } from './answer-prompt.ts';

export type Vote = 'good' | 'bad';

/** A row that *prefer* reads. */
export interface PreferencePair {
  readonly prompt: Turns;
  readonly chosen: Turns;
  readonly rejected: Turns;
}

interface Answer {
  readonly text: string;
  readonly format: ChatFormat;
  vote: Vote | null;
}

interface Turn {
  readonly question: string;
  /** In the order they were made; the last is the one that the conversation continues from. */
  readonly answers: Answer[];
}

/** How much an answer is preferred to others: a vote counts for or against it, no vote lies between. */
const rank = ({ vote }: Answer) => (vote === 'good' ? 1 : vote === 'bad' ? -1 : 0);

/** A conversation whose answers can be asked for again and voted on. Votes on answers to one question make preference pairs. */
export class Conversation {
  readonly #system: string | null;
  readonly #turns: Turn[] = [];
  /** Pairs of answers to the last question that were given out, as indices. */
  #given = new Set<string>();

  constructor(system: string | null = null) {
    this.#system = system;
  }

  /** Adds a question, which `messages` then end with. */
  ask(question: string): void {
    this.#turns.push({ question, answers: [] });
    this.#given = new Set();
  }

  /** Takes the last question back, if it has no answer. */
  unask(): void {
    if (this.#turns.at(-1)?.answers.length === 0) this.#turns.pop();
  }

  /** Adds an answer to the last question, also where it has one: then the conversation continues from the new one. */
  answered(text: string, format: ChatFormat): void {
    this.#turns.at(-1)?.answers.push({ text, format, vote: null });
  }

  /** True if there is an answer to vote on, or to make again. */
  get hasAnswer(): boolean {
    return (this.#turns.at(-1)?.answers.length ?? 0) > 0;
  }

  /** All messages up to the last question. */
  get messages(): readonly ChatMessage[] {
    const system: ChatMessage[] = this.#system === null ? [] : [{ role: 'system', content: this.#system }];
    return [
      ...system,
      ...this.#turns.flatMap(({ question, answers }, index): ChatMessage[] => {
        const answer = index === this.#turns.length - 1 ? undefined : answers.at(-1);
        return [
          { role: 'user', content: question },
          ...(answer === undefined ? [] : [{ role: 'assistant' as const, content: answer.text }]),
        ];
      }),
    ];
  }

  /**
   * Votes on the last answer. Returns the new pairs: of it and each earlier answer to the same question that is now better or worse.
   * A good answer is better than one without a vote, and that is better than a bad one. Two answers make one pair at most.
   */
  vote(vote: Vote): readonly PreferencePair[] {
    const answers = this.#turns.at(-1)?.answers ?? [];
    const last = answers.at(-1);
    if (last === undefined) return [];
    last.vote = vote;
    return answers.slice(0, -1).flatMap((other, index) => {
      const key = `${index} ${answers.length - 1}`;
      const isPair = rank(other) !== rank(last) && other.text !== last.text && other.format === last.format;
      const [chosen, rejected] = rank(last) > rank(other) ? [last, other] : [other, last];
      const hasText = chosen.text.trim() !== '' && rejected.text.trim() !== '';
      if (!isPair || !hasText || this.#given.has(key)) return [];
      this.#given.add(key);
      return [this.#pair(chosen, rejected)];
    });
  }

  /** Messages are written by the chat template when they are trained on, plain text as it is: as they were asked here. */
  #pair(chosen: Answer, rejected: Answer): PreferencePair {
    const { messages } = this;
    if (chosen.format === 'plain')
      return { prompt: plainPrompt(messages), chosen: chosen.text, rejected: rejected.text };
    const answer = ({ text }: Answer): Turns => [{ role: 'assistant', content: text }];
    return { prompt: messages, chosen: answer(chosen), rejected: answer(rejected) };
  }
}
