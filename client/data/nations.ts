import entries from 'virtual:nations';
import { TapestryError } from '../errors.ts';
import { type Corpus, corpusFromSplit } from './corpus.ts';

/** A family of languages in which the Universal Declaration of Human Rights can be read. */
export interface Nation {
  readonly name: string;
  /** One for each declaration: a language may have several, in other scripts or countries. */
  readonly languages: readonly { readonly code: string; readonly name: string }[];
}

/** The largest and best known first. */
export const nations: readonly Nation[] = entries.map(({ name, languages }) => ({ name, languages }));

/** The declarations of one nation; the articles 10, 20 and 30 of each are held out. Throws `nation.unknown`. */
export async function loadNation(name: string): Promise<Corpus> {
  const nation = entries.find((entry) => entry.name === name);
  if (nation === undefined)
    throw new TapestryError(
      'nation.unknown',
      `There is no nation named ${name}.`,
      `Use one of: ${entries.map((entry) => entry.name).join('; ')}.`,
    );
  return corpusFromSplit(name, (await nation.load()).default);
}
