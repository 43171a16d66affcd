import { styleText } from 'node:util';
import { TapestryError } from '../../../client/errors.ts';
import { environment } from '../environment.ts';
import { LiveLines } from './live-lines.ts';
import { streams, terminal } from './streams.ts';
import { systemError } from './system-error.ts';
import { terminalText } from './terminal-text.ts';

/** A fact for programs. JSON-able; never text of a corpus. */
export type Fact = { readonly event: string } & Readonly<Record<string, unknown>>;

/**
 * A command's output. Data goes to stdout: lines for people, or with `--json` one object a line. Progress and logs go to
 * stderr, so that stdout can be piped. Colour appears only where the stream takes it and NO_COLOR does not forbid it. On a
 * terminal the last lines may be redrawn in place; all other output goes above them.
 */
export class Output {
  readonly json: boolean;
  readonly #live = new LiveLines();

  constructor(json: boolean) {
    this.json = json;
  }

  /** Whether stderr is a terminal that redraws. */
  get live(): boolean {
    return terminal.isTTY === true && environment('TERM') !== 'dumb';
  }

  /** Redraws these lines in place, below all other output; does nothing on a stream that cannot redraw. */
  draw(lines: readonly string[]): void {
    if (this.live && !this.json && streams.verbosity !== 'quiet') this.#live.draw(lines);
  }

  /** Prints the command's result. */
  result(fact: Fact, text: string): void {
    this.#live.clear();
    streams.write('stdout', this.json ? `${JSON.stringify(fact)}\n` : `${text}\n`);
  }

  /** Prints progress: an event for programs, a line for people. */
  progress(fact: Fact, text: string): void {
    if (streams.verbosity === 'quiet') return;
    if (this.json) streams.write('stdout', `${JSON.stringify(fact)}\n`);
    else this.log(text);
  }

  log(text: string): void {
    if (streams.verbosity !== 'quiet') this.#say(text);
  }

  /** Prints a line of a log, which has a level of its own. */
  note(text: string): void {
    this.#say(text);
  }

  error(error: unknown): void {
    const { code, message, next } = described(error);
    if (this.json) streams.write('stdout', `${JSON.stringify({ event: 'error', code, message, next })}\n`);
    this.#say(`${colour('red', `error[${code}]:`)} ${terminalText(message, 'lines')}`);
    this.#say(`${colour('cyan', 'next:')} ${terminalText(next, 'lines')}`);
    if (streams.verbosity !== 'verbose') return;
    for (const cause of causesOf(error))
      this.#say(`${colour('dim', 'cause:')} ${terminalText(cause, 'lines')}`);
  }

  #say(text: string): void {
    this.#live.clear();
    streams.write('stderr', `${text}\n`);
  }
}

type Colour = 'red' | 'green' | 'yellow' | 'cyan' | 'dim' | 'bold';

/** `text` for stderr in a colour, where colour is wanted. */
export function colour(name: Colour, text: string): string {
  return styleText(name, text, { stream: terminal });
}

/** The errors that led to this one, the nearest first. A cause may name itself, so that only a few are told. */
function causesOf(error: unknown): string[] {
  const causes: string[] = [];
  for (let at = error instanceof Error ? error.cause : undefined; at !== undefined && causes.length < 5; ) {
    causes.push(at instanceof Error ? (at.stack ?? at.message) : String(at));
    at = at instanceof Error ? at.cause : undefined;
  }
  return causes;
}

/** An error in the shape that is shown. An error that is neither ours nor the system's is a bug, and says where it arose. */
function described(error: unknown): { code: string; message: string; next: string } {
  if (error instanceof TapestryError) return error;
  const known = systemError(error);
  if (known !== null) return known;
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { code: 'bug', message, next: 'This should not happen: please report it with the lines above.' };
}
