import { stripVTControlCharacters } from 'node:util';
import { streams, terminal } from './streams.ts';

/** Redraws its lines in place on a terminal. */
export class LiveLines {
  #drawn = 0;

  draw(lines: readonly string[]): void {
    this.clear();
    const drawn = fitting(lines, terminal.columns ?? 100, terminal.rows ?? 50);
    streams.write('stderr', drawn.map((line) => `${line}\n`).join(''));
    this.#drawn = drawn.length;
  }

  /** Before anything else is written to the terminal; an echoed ^C may have moved the cursor along its line. */
  clear(): void {
    if (this.#drawn > 0) streams.write('stderr', `\r\u001b[${this.#drawn}A\u001b[J`);
    this.#drawn = 0;
  }
}

/**
 * The lines that a terminal of this size can redraw: the cursor cannot return to a line that wrapped or scrolled off the
 * top. A line that must be cut loses its colour.
 */
export function fitting(lines: readonly string[], columns: number, rows: number): string[] {
  const room = Math.max(1, rows - 1);
  const hidden = lines.length - room + 1;
  const shown = lines.length <= room ? lines : [...lines.slice(0, room - 1), `and ${hidden} more`];
  return shown.map((line) => {
    const plain = stripVTControlCharacters(line);
    return plain.length < columns ? line : plain.slice(0, columns - 1);
  });
}
