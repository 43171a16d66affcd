import { joinCorpora, tokenizeCorpus } from '../../client/data/corpus.ts';
import { byteTokenizer } from '../../client/data/tokenizer.ts';
import type { Tokens } from '../../client/data/tokens.ts';
import { loadNation } from '../../client/data/udhr/nations.ts';
import type { Text } from '../shakespeare.ts';

/**
 * What nodes train on: all on tinyshakespeare; each on one language family, as members of a run do; or all on the families mixed,
 * beside which the families are shown.
 */
export const textNames = ['shakespeare', 'families', 'mixed'] as const;
export type TextName = (typeof textNames)[number];

/** Families that are not related, of three scripts: a node each, and the first again for a fifth node. */
export const families = ['Romance', 'Bantu', 'Turkic', 'Sinitic'] as const;

/** The texts of the nodes of a run. */
export interface Texts {
  readonly vocabularySize: number;
  /** That of a node, counted from 0. */
  trainOf(node: number): Tokens;
  /** Held-out texts by their names; a loss is measured on each. */
  readonly heldOut: ReadonlyMap<string, Tokens>;
}

/** Loads texts by name; what several names share is loaded once. */
export function openTexts(shakespeare: Text): (name: TextName) => Promise<Texts> {
  const { train, validation, vocabularySize } = shakespeare;
  let read: ReturnType<typeof readFamilies> | null = null;
  return async (name) => {
    if (name === 'shakespeare')
      return { vocabularySize, trainOf: () => train, heldOut: new Map([[name, validation]]) };
    read ??= readFamilies();
    const { own, mixed, heldOut } = await read;
    const trainOf = (node: number) => (name === 'mixed' ? mixed : (own[node % own.length] ?? mixed));
    return { vocabularySize: byteTokenizer.vocabularySize, trainOf, heldOut };
  };
}

/** Translations of the Universal Declaration of Human Rights as bytes; articles 10, 20 and 30 of each are held out. */
async function readFamilies() {
  const corpora = await Promise.all(families.map(loadNation));
  const own = await Promise.all(corpora.map((corpus) => tokenizeCorpus(corpus, byteTokenizer)));
  const { train: mixed } = await tokenizeCorpus(joinCorpora('mixed', corpora), byteTokenizer);
  return {
    own: own.map(({ train }) => train),
    mixed,
    heldOut: new Map(own.map(({ name, heldOut }) => [name, heldOut])),
  };
}
