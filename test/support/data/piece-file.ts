import { encodeJson } from '../../../client/formats/json.ts';
import { bytePiece, spaceMark } from '../../../client/formats/sentencepiece/pieces.ts';
import { type Piece, sentencePieceJson } from '../../../client/formats/sentencepiece/tokenizer-json.ts';

/** Words with prefixes, endings and repeated letters, so that several pairs of pieces make the same third. */
const text = `the other one in the other inner tree then there rather gathering another brother's weather
threads and reeds, needed seeds: a weaver weaves the reed; the weft passes over and under the warp, and the warp holds the weft
no thread is longer than the weaver's hand can reach, and no cloth is wider than the loom on which the threads are bound together`;

/** The likeliest neighbours joined, `count` times: byte-pair encoding of the words of a text (Sennrich et al. 2016, arXiv 1508.07909). */
function joinedPieces(count: number): string[] {
  let words = text.split(/\s+/).map((word) => [spaceMark, ...word]);
  const joined: string[] = [];
  while (joined.length < count) {
    const counts = new Map<string, number>();
    for (const word of words)
      for (let i = 1; i < word.length; i++) {
        const pair = `${word[i - 1]} ${word[i]}`;
        counts.set(pair, (counts.get(pair) ?? 0) + 1);
      }
    const [best] = [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
    if (best === undefined) break;
    const piece = best[0].replace(' ', '');
    if (!joined.includes(piece)) joined.push(piece);
    words = words.map((word) => {
      const after: string[] = [];
      for (const symbol of word) {
        if (`${after.at(-1)} ${symbol}` === best[0]) after[after.length - 1] = piece;
        else after.push(symbol);
      }
      return after;
    });
  }
  return joined;
}

/** The pieces of a small SentencePiece vocabulary in Llama 2's order: special tokens, bytes, joined pieces, characters. */
export function smallPieces(count = 120): Piece[] {
  const special = ['<unk>', '<s>', '</s>'].map((text): Piece => ({ text, score: 0, kind: 'special' }));
  const bytes = Array.from(
    { length: 256 },
    (_, byte): Piece => ({
      text: bytePiece(byte),
      score: 0,
      kind: 'ordinary',
    }),
  );
  const joined = joinedPieces(count);
  const characters = [...new Set([spaceMark, ...text.replace(/\s/g, ''), 'é'])].filter(
    (piece) => !joined.includes(piece),
  );
  const ordinary = [...joined, ...characters].map(
    (text, i): Piece => ({ text, score: -i, kind: 'ordinary' }),
  );
  return [...special, ...bytes, ...ordinary];
}

/** The tokenizer.json of a small SentencePiece vocabulary. */
export function pieceFile(prefixes = true, change: Record<string, unknown> = {}): Uint8Array<ArrayBuffer> {
  return encodeJson({ ...sentencePieceJson(smallPieces(), prefixes), ...change });
}
