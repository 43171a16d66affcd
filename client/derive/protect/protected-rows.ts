import { printable, TapestryError } from '../../errors.ts';
import type { FileRows } from '../data/read-rows.ts';
import { type Row, textOf } from '../data/row.ts';
import type { ProtectedDomains } from './domains.ts';
import { protectedMatches } from './scanner.ts';
import type { ProtectedRule } from './schema.ts';

/** Rows, or lines of base text, that a rule removed. One that several rules match counts for each. */
export interface RemovedByRule {
  readonly rule: string;
  readonly count: number;
}

/** The rules that data was held to, and what they removed from it, in the order of the rules. */
export interface Protection {
  readonly rules: readonly ProtectedRule[];
  readonly removed: readonly RemovedByRule[];
}

/**
 * Removes the rows that have a protected passage in any of their texts. Throws `protected.refused` if a rule that refuses
 * data matches one.
 */
export function withoutProtectedRows(
  files: readonly FileRows[],
  domains: ProtectedDomains,
): Protection & { readonly files: readonly FileRows[] } {
  const counts = new RuleCounts(domains);
  const kept = files.map((file) => ({
    ...file,
    rows: file.rows.filter((row) => !counts.add(rulesIn(row, domains), file.name)),
  }));
  counts.requireNoneRefused();
  return { files: kept, rules: domains.rules, removed: counts.list() };
}

function rulesIn(row: Row, domains: ProtectedDomains): readonly string[] {
  return protectedMatches(textOf(row), domains).map(({ rule }) => rule);
}

/** Counts what was removed by rule, and remembers where a rule that refuses data matched. */
export class RuleCounts {
  readonly #domains: ProtectedDomains;
  readonly #counts = new Map<string, number>();
  readonly #places = new Map<string, string>();

  constructor(domains: ProtectedDomains) {
    this.#domains = domains;
  }

  /** Counts one for each of the rules; `place` is where they matched. Returns true if there is one. */
  add(rules: readonly string[], place: string): boolean {
    for (const rule of rules) {
      this.#counts.set(rule, (this.#counts.get(rule) ?? 0) + 1);
      if (!this.#places.has(rule)) this.#places.set(rule, place);
    }
    return rules.length > 0;
  }

  list(): RemovedByRule[] {
    return this.#domains.ids.flatMap((rule) => {
      const count = this.#counts.get(rule);
      return count === undefined ? [] : [{ rule, count }];
    });
  }

  /** Throws `protected.refused` if a rule that refuses data was counted. */
  requireNoneRefused(): void {
    const refusing = this.#domains.rules.filter(({ id, data }) => data === 'refuse' && this.#counts.has(id));
    if (refusing.length === 0) return;
    const told = refusing.map(
      ({ id }) => `${id}: ${this.#counts.get(id)} times, first in ${printable(this.#places.get(id) ?? '')}`,
    );
    throw new TapestryError(
      'protected.refused',
      `The data has passages of protected domains that refuse it (${told.join('; ')}).`,
      'Take these passages out of the data, or let the rule remove the rows with data: remove.',
    );
  }
}
