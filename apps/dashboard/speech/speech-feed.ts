import { type ReadonlySignal, signal } from '@preact/signals';
import { cleanPrompt, type Prompt, type Speech, speechSchema } from '../../../relay/wire/speech/speech.ts';
import { parsed } from '../../ui/status-feed.ts';

/** What became of a prompt: `unfit` for a text that is no prompt, `full` where too many wait. */
export type Sent = 'taken' | 'unfit' | 'full' | 'failed';

const outcomes: Readonly<Record<number, Sent>> = { 202: 'taken', 400: 'unfit', 503: 'full' };

/** What the bases write for the room, and the way to send a prompt. */
export class SpeechFeed {
  readonly #speech = signal<Speech | null>(null);
  readonly #ask: (request: RequestInit) => Promise<Response>;

  /** `ask` sends a request to `api/speech`. */
  constructor(ask: (request: RequestInit) => Promise<Response>) {
    this.#ask = ask;
  }

  get speech(): ReadonlySignal<Speech | null> {
    return this.#speech;
  }

  /** Asks the relay. What was shown before stays where it does not answer. */
  async refresh(): Promise<void> {
    try {
      const answer = await this.#ask({ method: 'GET' });
      const speech = answer.ok ? parsed(speechSchema, await answer.text()) : null;
      if (speech !== null) this.#speech.value = speech;
    } catch {
      // The page's connection tells that the relay is gone.
    }
  }

  async send({ text, corpus }: Prompt): Promise<Sent> {
    const clean = cleanPrompt(text);
    if (clean === null) return 'unfit';
    try {
      const body = JSON.stringify({ text: clean, corpus });
      const headers = { 'content-type': 'application/json' };
      const { status } = await this.#ask({ method: 'POST', body, headers });
      return outcomes[status] ?? 'failed';
    } catch {
      return 'failed';
    }
  }
}
