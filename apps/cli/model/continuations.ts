import type { Piece } from '../../../client/model/generate/generate.ts';
import type { Output } from '../terminal/output.ts';
import { streams } from '../terminal/streams.ts';
import { terminalText } from '../terminal/terminal-text.ts';

interface Continuation {
  readonly prompt: string;
  text: string;
  tokens: number;
  end?: Piece['end'] | 'interrupted';
}

/**
 * Prints continuations of prompts. For people: in the order of the prompts, each while it is made; pieces of a later prompt
 * wait until the earlier ones have ended. For programs: one object a prompt, when it ends.
 */
export class Continuations {
  readonly #device: string;
  readonly #output: Output;
  readonly #all: readonly Continuation[];
  #shown = 0;

  constructor(prompts: readonly string[], device: string, output: Output) {
    this.#device = device;
    this.#output = output;
    this.#all = prompts.map((prompt) => ({ prompt, text: '', tokens: 0 }));
    this.#write(this.#all[0]?.prompt ?? '');
  }

  add({ prompt, text, end }: Piece): void {
    const continuation = this.#all[prompt];
    if (continuation === undefined) throw new RangeError(`there is no prompt ${prompt}`);
    continuation.text += text;
    continuation.tokens++;
    if (prompt === this.#shown) this.#write(text);
    if (end !== undefined) this.#end(prompt, continuation, end);
  }

  /** No more pieces follow: continuations that have not ended were interrupted. */
  close(): void {
    for (const [index, continuation] of this.#all.entries())
      if (continuation.end === undefined) this.#end(index, continuation, 'interrupted');
    if (process.stdout.isTTY) this.#write('\n');
  }

  #end(index: number, continuation: Continuation, end: NonNullable<Continuation['end']>): void {
    continuation.end = end;
    const fact = { event: 'generated', index, ...continuation, device: this.#device };
    if (this.#output.json) this.#output.result(fact, continuation.text);
    while (this.#all[this.#shown]?.end !== undefined) {
      const next = this.#all[++this.#shown];
      if (next !== undefined) this.#write(`\n\n${next.prompt}${next.text}`);
    }
  }

  #write(text: string): void {
    if (this.#output.json) return;
    streams.write('stdout', process.stdout.isTTY ? terminalText(text, 'lines') : text);
  }
}
