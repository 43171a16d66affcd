import { styleText } from 'node:util';
import { TapestryError } from '../../client/errors.ts';
import { LiveLines } from './live-lines.ts';

/** A fact for programs. JSON-able; never text of a corpus. */
export type Fact = { readonly event: string } & Readonly<Record<string, unknown>>;

/**
 * Where a command speaks. Data goes to stdout: lines for people, or with `--json` one object a line. Progress and logs
 * go to stderr, so that stdout can be piped. Colour only where the stream takes it and NO_COLOR does not forbid it.
 * On a terminal the last lines may be redrawn in place; whatever else is said goes above them.
 */
export class Output {
  readonly json: boolean;
  readonly #live = new LiveLines();

  constructor(json: boolean) {
    this.json = json;
  }

  /** Whether stderr is a terminal that redraws. */
  get live(): boolean {
    return process.stderr.isTTY === true && process.env['TERM'] !== 'dumb';
  }

  /** Redraws these lines in place, below all that was said; does nothing where that cannot be. */
  draw(lines: readonly string[]): void {
    if (this.live && !this.json) this.#live.draw(lines);
  }

  /** What the command was asked for. */
  result(fact: Fact, text: string): void {
    this.#live.clear();
    process.stdout.write(this.json ? `${JSON.stringify(fact)}\n` : `${text}\n`);
  }

  /** Something that happened on the way: an event for programs, a line for people. */
  progress(fact: Fact, text: string): void {
    if (this.json) process.stdout.write(`${JSON.stringify(fact)}\n`);
    else this.log(text);
  }

  log(text: string): void {
    this.#live.clear();
    process.stderr.write(`${text}\n`);
  }

  error(error: unknown): void {
    const { code, message, next } = described(error);
    if (this.json) process.stdout.write(`${JSON.stringify({ event: 'error', code, message, next })}\n`);
    this.log(`${colour('red', `error[${code}]:`)} ${message}`);
    this.log(`${colour('cyan', 'next:')} ${next}`);
  }
}

type Colour = 'red' | 'green' | 'yellow' | 'cyan' | 'dim' | 'bold';

/** `text` for stderr in a colour, where colour is wanted. */
export function colour(name: Colour, text: string): string {
  return styleText(name, text, { stream: process.stderr });
}

/** An error in the shape that is shown. Anything but a TapestryError is a bug, and says where it came from. */
function described(error: unknown): { code: string; message: string; next: string } {
  if (error instanceof TapestryError) return error;
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { code: 'bug', message, next: 'This should not happen: please report it with the lines above.' };
}
