import { printable, TapestryError } from '../../errors.ts';

/** A sort of problem. Problems with equal `code` and `one` are reported together. */
export interface ProblemSort {
  readonly code: string;
  /** The rest of a sentence about one thing ("is not UTF-8") and about several ("are not UTF-8"). */
  readonly one: string;
  readonly several: string;
  readonly next: string;
}

export const sort = (code: string, one: string, several: string, next: string): ProblemSort => ({
  code,
  one,
  several,
  next,
});

/** A position in a file: the line, from 1, and for a bad byte also its offset in the file, from 0. */
export interface Place {
  readonly line: number;
  readonly byte?: number;
  /** True if `line` counts the entries of a JSON array instead. */
  readonly entry?: boolean;
}

interface Found {
  readonly sort: ProblemSort;
  readonly file: string;
  readonly place: Place | null;
  readonly cause: unknown;
  count: number;
  files: number;
  latestFile: string;
}

/** Thrown to stop reading a file and leave all of it out. */
export class LeftOut extends Error {
  readonly sort: ProblemSort;

  constructor(sort: ProblemSort, cause?: unknown) {
    super(sort.one, { cause });
    this.sort = sort;
  }
}

/** The problems of a corpus. Each sort is reported once, with its count and its first place. */
export class Problems {
  readonly #found = new Map<string, Found>();

  /** `place` is null if the problem concerns the whole file. */
  add(sort: ProblemSort, file: string, place: Place | null, cause?: unknown): void {
    const key = JSON.stringify([sort.code, sort.one, place === null]);
    const found = this.#found.get(key);
    if (found === undefined) {
      this.#found.set(key, { sort, file, place, cause, count: 1, files: 1, latestFile: file });
      return;
    }
    found.count++;
    if (found.latestFile !== file) found.files++;
    found.latestFile = file;
  }

  /** One error for each sort, in the order in which their first problems were added. */
  list(): TapestryError[] {
    return [...this.#found.values()].map(
      ({ cause, ...found }) =>
        new TapestryError(
          found.sort.code,
          sentence(found),
          found.sort.next,
          cause === undefined ? {} : { cause },
        ),
    );
  }
}

function sentence({ sort, file, place, count, files }: Omit<Found, 'cause'>): string {
  const name = printable(file);
  if (place === null)
    return count === 1 ? `${name} ${sort.one}.` : `${count} files ${sort.several}; the first is ${name}.`;
  const byte = place.byte === undefined ? '' : ` (byte ${place.byte})`;
  const [one, many] = place.entry === true ? ['entry', 'entries'] : ['line', 'lines'];
  const at = `${one} ${place.line}${byte}`;
  if (count === 1) return `${at[0]?.toUpperCase()}${at.slice(1)} of ${name} ${sort.one}.`;
  const first = files === 1 ? at : `${at} of ${name}`;
  return `${count} ${many} of ${files === 1 ? name : `${files} files`} ${sort.several}; the first is ${first}.`;
}
