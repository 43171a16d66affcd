import { open, readFile } from 'node:fs/promises';
import * as v from 'valibot';
import { TapestryError } from '../client/errors.ts';
import { parseJson } from '../client/formats/json.ts';
import { recipeHash } from '../client/train/checkpoint.ts';

/** A line of the file: what was run, and what came of it. */
const lineSchema = v.strictObject({ case: v.looseObject({}), result: v.looseObject({}) });
export type Line = v.InferOutput<typeof lineSchema>;

/**
 * The results of runs, as a file of JSON lines that people can read and that can be committed. A result is appended and synced once
 * it is there. A last line that a crash tore has no line end, and is dropped.
 */
export class Records {
  readonly #path: string | null;
  /** Results by the hash of their case, whose keys may stand in any order. */
  readonly #held = new Map<string, object>();

  private constructor(path: string | null) {
    this.#path = path;
  }

  /** `path` null: results stay in memory. Throws TapestryError `bench.bad-record` for a line that is none. */
  static async open(path: string | null): Promise<Records> {
    const records = new Records(path);
    if (path === null) return records;
    const { lines, whole, length } = await read(path);
    for (const line of lines) records.#held.set(recipeHash(line.case), line.result);
    if (whole < length) {
      const file = await open(path, 'r+');
      try {
        await file.truncate(whole);
        await file.sync();
      } finally {
        await file.close();
      }
    }
    return records;
  }

  /** The result of a case: the one that the file has, or else that of `make`, which is then in the file. */
  async result<Schema extends v.GenericSchema<object, object>>(
    of: object,
    schema: Schema,
    make: () => Promise<v.InferOutput<Schema>>,
  ): Promise<v.InferOutput<Schema>> {
    const name = recipeHash(of);
    const held = this.#held.get(name);
    if (held !== undefined) return v.parse(schema, held);
    const result = await make();
    this.#held.set(name, result);
    if (this.#path === null) return result;
    const file = await open(this.#path, 'a');
    try {
      await file.appendFile(`${JSON.stringify({ case: of, result })}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    return result;
  }
}

/** The whole lines of a file; none if it is missing. Throws TapestryError `bench.bad-record`. */
export async function linesOf(path: string): Promise<readonly Line[]> {
  return (await read(path)).lines;
}

/** `whole` is the length in bytes up to the end of the last whole line. */
async function read(path: string): Promise<{ lines: readonly Line[]; whole: number; length: number }> {
  const bytes = await readFile(path).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return new Uint8Array();
    throw error;
  });
  const lines: Line[] = [];
  let whole = 0;
  for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, whole)) {
    try {
      lines.push(v.parse(lineSchema, parseJson(bytes.subarray(whole, end))));
    } catch (cause) {
      throw new TapestryError(
        'bench.bad-record',
        `Line ${lines.length + 1} of ${path} is no record of a case and its result.`,
        'Mend or delete the line; a deleted one is measured again.',
        { cause },
      );
    }
    whole = end + 1;
  }
  return { lines, whole, length: bytes.length };
}
