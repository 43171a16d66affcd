/** Something that was changed or damaged, and its place: a journal entry and its field, or a file. */
export interface Problem {
  readonly place: string;
  readonly problem: string;
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
    const rest = { place: 'the run', problem: `has ${more} more problems` };
    return more === 0 ? [...this.#named.values()] : [...this.#named.values(), rest];
  }
}
