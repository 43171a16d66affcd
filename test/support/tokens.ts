import type { TextBytes } from '../../client/data/text-bytes.ts';
import type { Tokens } from '../../client/data/tokens.ts';

/** All tokens, as one array. */
export function wordsOf(tokens: Tokens): Uint32Array<ArrayBuffer> {
  const words = new Uint32Array(tokens.length);
  tokens.copy(0, words);
  return words;
}

/** Each document's text. */
export function documentsOf(text: TextBytes): string[] {
  const documents: string[] = [];
  for (const { text: piece, begins } of text.pieces())
    if (begins) documents.push(piece);
    else documents.push((documents.pop() ?? '') + piece);
  return documents;
}
