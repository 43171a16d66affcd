import type { Clock } from '../../run/clock.ts';
import { comparedRounds, type Prompt, type Speech } from '../../wire/speech/speech.ts';

/** The prompts that wait, in all and of one address. */
const most = { waiting: 32, ofAddress: 8 } as const;
/** A prompt stays for so long where others wait. */
const shownMs = 15_000;
/** Nothing is written while nobody asked for so long. */
const interestMs = 30_000;
/** After a failure the same text is tried again so much later. */
const retryMs = 10_000;

/** How the bases of a run write. */
export interface Speaker {
  /** The prompt that is shown until a person sends one. */
  readonly prompt: string;
  readonly starts: Speech['starts'];
  /** Continues a prompt with the base of a round; null if that base is no longer kept. It may take long, and must not block the relay. */
  write(round: number, prompt: string, signal: AbortSignal): Promise<string | null>;
}

export interface RoomOptions {
  readonly speaker: Speaker;
  /** Whether people may send prompts. */
  readonly isOpen: boolean;
  readonly clock: Pick<Clock, 'elapsed'>;
  /** The rounds that are committed. */
  readonly committed: () => number;
  /** Called with each change of what `speech` gives. */
  readonly changed: () => void;
}

type Waiting = Speech['prompt'] & { readonly address: string };

/**
 * The prompts of a room, one after another, and what bases of several rounds make of each: one text at a time, for as long as
 * somebody looks. Nothing of it is stored or journaled.
 */
export class Room {
  readonly #options: RoomOptions;
  readonly #waiting: Waiting[] = [];
  readonly #closing = new AbortController();
  /** By round. */
  #texts = new Map<number, string | null>();
  #missing = new Set<number>();
  #prompt: Speech['prompt'];
  #shownAt: number;
  #askedAt = Number.NEGATIVE_INFINITY;
  #tryAt = Number.NEGATIVE_INFINITY;
  #lastId = 0;
  #revision = 0;
  #writing: AbortController | null = null;

  constructor(options: RoomOptions) {
    this.#options = options;
    this.#prompt = { id: 0, text: options.speaker.prompt, corpus: null };
    this.#shownAt = options.clock.elapsed();
  }

  get revision(): number {
    return this.#revision;
  }

  /** What is shown now. Asking keeps the bases writing. */
  speech(): Speech {
    this.#askedAt = this.#options.clock.elapsed();
    return {
      revision: this.#revision,
      prompt: this.#prompt,
      writings: this.#rounds().map((round) => ({ round, text: this.#texts.get(round) ?? null })),
      waiting: this.#waiting.length,
      isOpen: this.#options.isOpen,
      starts: [...this.#options.speaker.starts],
    };
  }

  /** Takes a clean prompt; `full` if too many wait, of this address or in all. */
  take({ text, corpus }: Prompt, address: string): 'taken' | 'full' {
    const own = this.#waiting.filter((each) => each.address === address).length;
    if (this.#waiting.length >= most.waiting || own >= most.ofAddress) return 'full';
    this.#waiting.push({ id: ++this.#lastId, text, corpus, address });
    this.#changed();
    return 'taken';
  }

  /** Goes on to the next prompt, or back to the operator's; false if another than this one is shown by now. */
  skip(id: number): boolean {
    if (id !== this.#prompt.id) return false;
    this.#next();
    return true;
  }

  /** Begins what is due. */
  tick(): void {
    const now = this.#options.clock.elapsed();
    const rounds = this.#rounds();
    const due = rounds.find((round) => !this.#texts.has(round));
    if (due === undefined && this.#waiting.length > 0 && now - this.#shownAt >= shownMs) this.#next();
    else if (
      due !== undefined &&
      this.#writing === null &&
      now >= this.#tryAt &&
      now - this.#askedAt < interestMs
    )
      void this.#write(due);
  }

  close(): void {
    this.#closing.abort();
    this.#writing?.abort();
  }

  /** The rounds whose bases write; 0 is the base before the first. */
  #rounds(): number[] {
    const committed = this.#options.committed();
    const rounds = [...comparedRounds.filter((round) => round < committed), committed];
    return rounds.filter((round) => !this.#missing.has(round));
  }

  #next(): void {
    const next = this.#waiting.shift();
    this.#prompt =
      next === undefined
        ? { id: ++this.#lastId, text: this.#options.speaker.prompt, corpus: null }
        : { id: next.id, text: next.text, corpus: next.corpus };
    this.#texts = new Map();
    this.#shownAt = this.#options.clock.elapsed();
    this.#writing?.abort();
    this.#writing = null;
    this.#changed();
  }

  async #write(round: number): Promise<void> {
    const writing = new AbortController();
    this.#writing = writing;
    const { speaker, clock } = this.#options;
    try {
      const text = await speaker.write(round, this.#prompt.text, writing.signal);
      if (writing.signal.aborted) return;
      if (text === null) this.#missing = new Set([...this.#missing, round]);
      else this.#texts.set(round, text);
      // Of rounds that are no longer compared nothing is kept.
      const shown = new Set(this.#rounds());
      for (const each of this.#texts.keys()) if (!shown.has(each)) this.#texts.delete(each);
      this.#shownAt = clock.elapsed();
      this.#changed();
    } catch {
      if (!writing.signal.aborted) this.#tryAt = clock.elapsed() + retryMs;
    } finally {
      if (this.#writing === writing) this.#writing = null;
    }
  }

  #changed(): void {
    this.#revision++;
    this.#options.changed();
  }
}
