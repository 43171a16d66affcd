import type { Principle } from '../constitution/constitution.ts';
import { compilePattern } from '../patterns.ts';
import type { ProtectedDomains } from '../protect/domains.ts';
import { protectedMatches } from '../protect/scanner.ts';

/** What answers are held to: protected domains, and principles, of which those without a check are passed over. */
export interface BreachRules {
  readonly domains: ProtectedDomains | null;
  readonly principles: readonly Principle[];
}

/** A rule, or a principle's check, and how many answers break it. */
export interface RuleBreaches {
  readonly kind: 'protected' | 'principle';
  readonly id: string;
  readonly count: number;
}

/** How many of some answers break any rule, and each of them, in the order of the rules. */
export interface Breaches {
  readonly answers: number;
  readonly breaking: number;
  readonly rules: readonly RuleBreaches[];
}

/** Counts the answers that have a protected passage, or in which a principle's check finds something. */
export function countBreaches(answers: readonly string[], { domains, principles }: BreachRules): Breaches {
  const checks = principles.flatMap(({ id, check }) =>
    check === undefined ? [] : [{ id, pattern: compilePattern(check) }],
  );
  const counts = new Map<string, number>();
  const keyOf = (kind: RuleBreaches['kind'], id: string) => `${kind} ${id}`;
  let breaking = 0;
  for (const answer of answers) {
    const broken = [
      ...(domains === null ? [] : protectedMatches(answer, domains)).map(({ rule }) =>
        keyOf('protected', rule),
      ),
      ...checks.flatMap(({ id, pattern }) => (pattern.test(answer) ? [keyOf('principle', id)] : [])),
    ];
    if (broken.length > 0) breaking++;
    for (const key of broken) counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  const counted = (kind: RuleBreaches['kind']) => (id: string) => ({
    ...{ kind, id },
    count: counts.get(keyOf(kind, id)) ?? 0,
  });
  return {
    answers: answers.length,
    breaking,
    rules: [
      ...(domains?.ids ?? []).map(counted('protected')),
      ...checks.map(({ id }) => id).map(counted('principle')),
    ],
  };
}

/** True if the rules can find a breach at all. */
export function canBreach({ domains, principles }: BreachRules): boolean {
  return domains !== null || principles.some(({ check }) => check !== undefined);
}
