import { splitText } from './split.ts';
import { TextBytes } from './text-bytes.ts';
import type { Tokenizer } from './tokenizer.ts';
import type { Tokens } from './tokens.ts';

/** A named body of text. It never leaves the node. */
export interface Corpus {
  readonly name: string;
  readonly train: TextBytes;
  /** Never trained on. */
  readonly heldOut: TextBytes;
}

/** A corpus as tokens of one model. Each document, and each part of a split document, has its own beginning and end. */
export interface TokenizedCorpus {
  readonly name: string;
  readonly train: Tokens;
  readonly heldOut: Tokens;
}

/** A document whose held-out part is never trained on. Either part may be empty. */
export interface SplitDocument {
  readonly name: string;
  readonly train: string;
  readonly heldOut: string;
}

/** The corpus of whole texts; `splitText` holds out a tenth. */
export function corpusFromTexts(name: string, texts: Iterable<string>): Corpus {
  const text = new TextBytes();
  for (const document of texts) if (document !== '') text.add(document);
  return { name, ...splitText(text) };
}

/** The corpus of documents that are already split, in the order given. */
export function corpusFromSplit(name: string, documents: readonly SplitDocument[]): Corpus {
  const corpus = { name, train: new TextBytes(), heldOut: new TextBytes() };
  for (const { train, heldOut } of documents) {
    if (train !== '') corpus.train.add(train);
    if (heldOut !== '') corpus.heldOut.add(heldOut);
  }
  return corpus;
}

/** The documents of several corpora as one, in the order given. */
export function joinCorpora(name: string, corpora: readonly Corpus[]): Corpus {
  const joined = { name, train: new TextBytes(), heldOut: new TextBytes() };
  for (const part of ['train', 'heldOut'] as const)
    for (const corpus of corpora) for (const view of corpus[part].views()) joined[part].append(view);
  return joined;
}

export async function tokenizeCorpus(corpus: Corpus, tokenizer: Tokenizer): Promise<TokenizedCorpus> {
  const train = await tokenizer.tokenize(corpus.train);
  return { name: corpus.name, train, heldOut: await tokenizer.tokenize(corpus.heldOut) };
}
