import { TapestryError } from '../errors.ts';
import type { Tokenizer } from './tokenizer.ts';

/**
 * One token a character of `text`, numbered in the order of their code points, as small language models on one book have
 * it (Karpathy's char-rnn, nanoGPT). After the characters come beginning, end and padding, and then what makes the
 * vocabulary a multiple of four. `encode` throws `tokenizer.unknown-character` for what `text` did not hold.
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
  return {
    vocabularySize,
    beginning: alphabet.length,
    end: alphabet.length + 1,
    padding: alphabet.length + 2,
    encode: (encoded) =>
      Uint32Array.from(encoded, (character) => {
        const token = tokens.get(character);
        if (token === undefined) throw unknownCharacter(character);
        return token;
      }),
    decode: (decoded) => Array.from(decoded, characterOf).join(''),
    stream: () => ({ push: characterOf, flush: () => '' }),
  };
}

function unknownCharacter(character: string): TapestryError {
  return new TapestryError(
    'tokenizer.unknown-character',
    `The character ${JSON.stringify(character)} is not in the text that this tokenizer was made from.`,
    'Leave the character out, or use the byte tokenizer, which knows every text.',
  );
}
