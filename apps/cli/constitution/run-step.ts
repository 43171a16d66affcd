import { exit } from '../exit-codes.ts';
import { Interrupt } from '../terminal/interrupt.ts';
import type { Output } from '../terminal/output.ts';
import { terminalText } from '../terminal/terminal-text.ts';
import type { StepFile } from './step-file.ts';

export interface Step<Row> {
  /** The command's name. */
  readonly name: string;
  /** Chunks of rows, as they are done. */
  readonly rows: (signal: AbortSignal) => AsyncIterable<readonly object[]>;
  readonly file: StepFile<Row>;
  /** The file's path, and the rows that the step will add, for people. */
  readonly out: string;
  readonly left: number;
}

/** Runs a step and writes its rows as they come. Ctrl-C keeps what is done; the same command does the rest. */
export async function runStep<Row>(
  { name, rows, file, out, left }: Step<Row>,
  output: Output,
): Promise<void> {
  const { signal } = new Interrupt(output, 'Stopping; the same command resumes from here.');
  const already = file.before.length;
  try {
    for await (const chunk of rows(signal)) {
      await file.add(chunk);
      output.progress(
        { event: 'progress', step: name, done: file.added, left: left - file.added },
        `${name}: ${file.added} of ${left} rows`,
      );
      signal.throwIfAborted();
    }
  } catch (error) {
    if (!signal.aborted) throw error;
    process.exitCode = exit.interrupted;
  } finally {
    await file.write();
  }
  output.result(
    { event: 'written', step: name, file: out, added: file.added, rows: already + file.added },
    `${file.added} rows were added to the ${already} of ${terminalText(out)}.`,
  );
}

/** Units of work in chunks of `size`. */
export async function* inChunks<Unit, Row>(
  units: readonly Unit[],
  size: number,
  work: (chunk: readonly Unit[]) => Promise<readonly Row[]>,
): AsyncGenerator<readonly Row[]> {
  for (let at = 0; at < units.length; at += size) yield await work(units.slice(at, at + size));
}
