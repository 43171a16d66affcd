import { TapestryError } from '../errors.ts';
import { encodeDocuments, type Tokenizer } from './tokenizer.ts';

/**
 * A tokenizer with one token for each distinct character of `text`, numbered in the order of code points, like those of
 * Karpathy's char-rnn and nanoGPT. The tokens for beginning, end and padding follow the characters, and unused tokens make
 * the vocabulary a multiple of four. `encode` throws `tokenizer.unknown-character` for a character that is not in `text`.
 */
export function characterTokenizer(text: string): Tokenizer {
  const alphabet = [...new Set(text)].sort((a, b) => (a.codePointAt(0) ?? 0) - (b.codePointAt(0) ?? 0));
  const tokens = new Map(alphabet.map((character, token) => [character, token]));
  const vocabularySize = Math.ceil((alphabet.length + 3) / 4) * 4;
  const characterOf = (token: number): string => {
    if (Number.isInteger(token) && token >= 0 && token < vocabularySize) return alphabet[token] ?? '';
    throw new TapestryError(
      'tokenizer.unknown-token',
      `${token} is not a token of this character tokenizer (0 to ${vocabularySize - 1}).`,
      'Use the tokenizer that the model was trained with.',
    );
  };
  const [beginning, end, padding] = [alphabet.length, alphabet.length + 1, alphabet.length + 2];
  const encode = (encoded: string) =>
    Uint32Array.from(encoded, (character) => {
      const token = tokens.get(character);
      if (token === undefined) throw unknownCharacter(character);
      return token;
    });
  return {
    vocabularySize,
    beginning,
    end,
    padding,
    prefix: '',
    encode,
    tokenize: (documents) => encodeDocuments(documents, { beginning, end, prefix: '', encode }),
    decode: (decoded) => Array.from(decoded, characterOf).join(''),
    stream: () => ({ push: characterOf, flush: () => '' }),
  };
}

function unknownCharacter(character: string): TapestryError {
  return new TapestryError(
    'tokenizer.unknown-character',
    `The character ${JSON.stringify(character)} is not in the text that this tokenizer was made from.`,
    'Leave the character out, or use the byte tokenizer, which encodes any text.',
  );
}
