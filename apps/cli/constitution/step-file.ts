import { basename, dirname } from 'node:path';
import type * as v from 'valibot';
import { maxStepBytes, parseRows } from '../../../client/derive/constitution/pipeline/rows.ts';
import { printable, TapestryError } from '../../../client/errors.ts';
import { diskFiles } from '../../../client/host/disk.ts';
import { NotRead, readRegularFile, whyNotRead } from '../../../client/host/regular-file.ts';

/** Milliseconds between two writes of a step's file: what a power cut may cost. */
const writeMilliseconds = 5000;

/**
 * The file that a step writes, one JSON object a line. Rows that it has already are kept as a person corrected them, and a step
 * does not do them again. Each write replaces the whole file, so that a crash leaves no half line.
 */
export class StepFile<Row> {
  /** The rows that were there at the beginning. */
  readonly before: readonly Row[];
  added = 0;
  readonly #path: string;
  readonly #now: () => number;
  #text: string;
  #writtenAt: number;

  private constructor(path: string, text: string, before: readonly Row[], now: () => number) {
    this.#path = path;
    this.#text = text === '' || text.endsWith('\n') ? text : `${text}\n`;
    this.before = before;
    this.#now = now;
    this.#writtenAt = now();
  }

  /** Opens the file, or a new one. Throws TapestryError `constitution.rows` for a file of another step, or `constitution.missing`. */
  static async open<Schema extends v.GenericSchema>(
    path: string,
    schema: Schema,
    now: () => number = () => performance.now(),
  ): Promise<StepFile<v.InferOutput<Schema>>> {
    const text = (await readText(path)) ?? '';
    return new StepFile(path, text, parseRows(schema, text, path), now);
  }

  /** Adds rows, and writes the file if that is due. Throws `disk.*`. */
  async add(rows: readonly object[]): Promise<void> {
    this.#text += rows.map((row) => `${JSON.stringify(row)}\n`).join('');
    this.added += rows.length;
    if (this.#now() - this.#writtenAt >= writeMilliseconds) await this.write();
  }

  /** Writes all rows durably. */
  async write(): Promise<void> {
    await diskFiles(dirname(this.#path)).write(basename(this.#path), new TextEncoder().encode(this.#text));
    this.#writtenAt = this.#now();
  }
}

/** Reads the rows that an earlier step wrote. Throws TapestryError `constitution.missing` or `constitution.rows`. */
export async function readStep<Schema extends v.GenericSchema>(
  path: string,
  schema: Schema,
): Promise<v.InferOutput<Schema>[]> {
  const text = await readText(path);
  if (text === null)
    throw new TapestryError(
      'constitution.missing',
      `${printable(path)} is not there.`,
      'Name the file that the step before wrote; docs/constitution.md shows the steps.',
    );
  return parseRows(schema, text, path);
}

async function readText(path: string): Promise<string | null> {
  try {
    return new TextDecoder().decode(await readRegularFile(path, maxStepBytes));
  } catch (error) {
    if (!(error instanceof NotRead)) throw error;
    if (error.reason === 'missing') return null;
    throw new TapestryError(
      'constitution.missing',
      `${printable(path)} ${whyNotRead(error, maxStepBytes)}.`,
      'Name a file of JSON lines.',
      { cause: error },
    );
  }
}
