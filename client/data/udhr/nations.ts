import entries from 'virtual:nations';
import { TapestryError } from '../../errors.ts';
import { type Corpus, corpusFromSplit, type SplitDocument } from '../corpus.ts';

/** A family of languages with translations of the Universal Declaration of Human Rights. */
export interface Nation {
  readonly name: string;
  /** One entry per declaration. A language may have several, for different scripts or countries. */
  readonly languages: readonly { readonly code: string; readonly name: string }[];
}

/** All nations, the largest and best known first. */
export const nations: readonly Nation[] = entries.map(({ name, languages }) => ({ name, languages }));

/** The corpus of one nation's declarations; articles 10, 20 and 30 of each are held out. Throws `corpus.unknown`. */
export async function loadNation(name: string): Promise<Corpus> {
  return corpusFromSplit(name, await nationTexts(name));
}

/** One nation's declarations, in the order of its languages. Throws `corpus.unknown`. */
export async function nationTexts(name: string): Promise<readonly SplitDocument[]> {
  const nation = entries.find((entry) => entry.name === name);
  if (nation === undefined)
    throw new TapestryError(
      'corpus.unknown',
      `No built-in corpus is named ${name}.`,
      `Use one of: ${entries.map((entry) => entry.name).join('; ')}.`,
    );
  return (await nation.load()).default;
}
