import { closestName } from '../../client/closest-name.ts';
import { nations } from '../../client/data/udhr/nations.ts';
import { printable, TapestryError } from '../../client/errors.ts';

/**
 * A built-in corpus's name as `--corpus` gives it, in any case of letters, in its own spelling. For commander; throws
 * `usage.corpus`, which suggests the name that differs least.
 */
export function corpusName(text: string): string {
  const names = nations.map(({ name }) => name);
  const found = names.find((name) => name.toLowerCase() === text.trim().toLowerCase());
  if (found !== undefined) return found;
  const close = closestName(text.trim(), names);
  throw new TapestryError(
    'usage.corpus',
    `--corpus ${printable(text)}: no built-in corpus has this name${close === null ? '' : `; is it ${close}?`}`,
    `Use one of: ${names.join('; ')}. Your own files are named with --text.`,
  );
}

/** The same for an option that takes several names. */
export function corpusNames(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, corpusName(text)];
}
