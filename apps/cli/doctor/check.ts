import { aligned } from '../terminal/table.ts';
import { terminalText } from '../terminal/terminal-text.ts';

/** One thing that was looked at. `next` says what to do where it is not right. */
export interface Check {
  readonly name: string;
  readonly state: 'ok' | 'warning' | 'problem';
  readonly found: string;
  readonly next: string | null;
}

export const ok = (name: string, found: string): Check => ({ name, state: 'ok', found, next: null });
export const warning = (name: string, found: string, next: string): Check => ({
  name,
  state: 'warning',
  found,
  next,
});
export const problem = (name: string, found: string, next: string): Check => ({
  name,
  state: 'problem',
  found,
  next,
});

/** The checks as lines for a person, what to do below each that is not right. */
export function checkLines(checks: readonly Check[]): string[] {
  const heads = aligned(
    checks.map(({ state, name, found }) => [state, name, terminalText(found)]),
    () => true,
  );
  return checks.flatMap(({ next }, at) => [
    heads[at] ?? '',
    ...(next === null ? [] : [`         next: ${terminalText(next)}`]),
  ]);
}
