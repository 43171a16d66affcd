import type { EntryError, EntryFault } from '../journal/entry.ts';

/**
 * What a problem is, for programs and for pages in other languages: a stable name. The values of a problem are numbers: of `entry.*`
 * the entry's sequence; of `journal.cut-off` the entries that are there and the least that were; of `journal.rounds-missing` the same
 * of rounds, as far as they are known; of `journal.forked` the entry that differs; of `more` how many are not named.
 */
export type FindingCode =
  | `entry.${EntryFault}`
  | 'journal.empty'
  | 'journal.cut-off'
  | 'journal.rounds-missing'
  | 'journal.forked'
  | 'journal.damaged'
  | 'blob.missing'
  | 'blob.changed'
  | 'blob.withheld'
  | 'blob.not-finite'
  | 'upload.changed'
  | 'file.misplaced'
  | 'key.other'
  | 'evidence.unsigned'
  | 'more';

/** Something that is wrong, and its place. */
export interface Finding {
  readonly place: string;
  readonly problem: string;
}

/** Something that was changed or damaged; its place is a journal entry and its field, or a file. */
export interface Problem extends Finding {
  readonly code: FindingCode;
  readonly values?: readonly number[];
}

/** The problem of an entry that is not as it must be. */
export function entryProblem({ fault, sequence, place, message }: EntryError): Problem {
  return { code: `entry.${fault}`, values: [sequence], place, problem: message };
}

/** How many problems a report names: a heavily damaged source must not fill the memory. */
export const namedProblems = 100;

/** Collects problems: each once, and no more than a report names. */
export class Problems {
  readonly #named = new Map<string, Problem>();
  /** Problems so far, named or not. */
  count = 0;

  add(problem: Problem): void {
    const key = `${problem.place} ${problem.problem}`;
    if (this.#named.has(key)) return;
    this.count++;
    if (this.count <= namedProblems) this.#named.set(key, problem);
  }

  /** The problems in the order they were found; the last says how many more there are. */
  get list(): readonly Problem[] {
    const more = this.count - this.#named.size;
    const rest: Problem = {
      code: 'more',
      values: [more],
      place: 'the run',
      problem: `has ${more} more problems`,
    };
    return more === 0 ? [...this.#named.values()] : [...this.#named.values(), rest];
  }
}
