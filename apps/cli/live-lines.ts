import { stripVTControlCharacters } from 'node:util';

/** Redraws its lines in place on a terminal. */
export class LiveLines {
  #drawn = 0;

  draw(lines: readonly string[]): void {
    this.clear();
    const drawn = fitting(lines, process.stderr.columns ?? 100, process.stderr.rows ?? 50);
    process.stderr.write(drawn.map((line) => `${line}\n`).join(''));
    this.#drawn = drawn.length;
  }

  /** Before anything else is written to the terminal; an echoed ^C may have moved the cursor along its line. */
  clear(): void {
    if (this.#drawn > 0) process.stderr.write(`\r\u001b[${this.#drawn}A\u001b[J`);
    this.#drawn = 0;
  }
}

/**
 * What of the lines a terminal of this size can redraw: a line that wraps, or one that has scrolled off the top, cannot
 * be reached again. A line that must be cut loses its colour.
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
