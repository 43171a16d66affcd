import { nations, nationTexts } from './nations.ts';

/** A language as the declarations name it: an ISO 639-3 code, often with a script or a country after it, such as `azj_cyrl`. */
export interface Language {
  readonly code: string;
  readonly name: string;
}

/** Added to each count, so that a trigram that a declaration lacks does not exclude its language. */
const smoothing = 0.02;

/**
 * Guesses the language of a text by naive Bayes over trigrams of characters, learnt from the training articles of the Universal
 * Declaration of Human Rights. On the held-out articles, `docs/recipe.md` has its accuracy. The same text always gives the same guess.
 */
export class LanguageGuess {
  readonly languages: readonly Language[];
  /** For each trigram, pairs of a language's index and the gain of its logarithmic probability over that of a trigram it lacks. */
  readonly #gains: ReadonlyMap<string, readonly number[]>;
  /** For each language, the logarithmic probability of a trigram that it lacks. */
  readonly #absent: Float64Array;

  /** `texts` are those of the languages. */
  constructor(languages: readonly Language[], texts: readonly string[]) {
    this.languages = languages;
    const gains = new Map<string, number[]>();
    const totals = texts.map((text, language) => {
      const counts = countsOf(text);
      let total = 0;
      for (const [trigram, count] of counts) {
        total += count;
        const own = gains.get(trigram) ?? [];
        own.push(language, Math.log((count + smoothing) / smoothing));
        gains.set(trigram, own);
      }
      return total;
    });
    this.#gains = gains;
    this.#absent = Float64Array.from(totals, (total) =>
      Math.log(smoothing / (total + smoothing * gains.size)),
    );
  }

  /** Learns all languages of the built-in corpora. */
  static async load(): Promise<LanguageGuess> {
    const texts = await Promise.all(nations.map(({ name }) => nationTexts(name)));
    return new LanguageGuess(
      nations.flatMap(({ languages }) => languages),
      texts.flatMap((documents) => documents.map(({ train }) => train)),
    );
  }

  /** The likeliest language; of equal ones the first. Null for a text without letters. */
  guess(text: string): Language | null {
    const counts = countsOf(text);
    if (counts.size === 0) return null;
    const scores = new Float64Array(this.languages.length);
    let all = 0;
    for (const [trigram, count] of counts) {
      all += count;
      const gains = this.#gains.get(trigram) ?? [];
      for (let i = 0; i < gains.length; i += 2) {
        const language = gains[i] ?? 0;
        scores[language] = (scores[language] ?? 0) + count * (gains[i + 1] ?? 0);
      }
    }
    const total = scores.map((score, language) => score + all * (this.#absent[language] ?? 0));
    const best = total.reduce((at, score, language) => (score > (total[at] ?? 0) ? language : at), 0);
    return this.languages[best] ?? null;
  }
}

/** True if `code` is the language `asked` or a variety of it: `deu` asks for `deu_1996` too. */
export function isLanguage(code: string, asked: string): boolean {
  return code === asked || code.startsWith(`${asked}_`);
}

/** The trigrams of a text's words with their counts: lower-case letters and marks, with a space on both sides of a word. */
function countsOf(text: string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const [word] of text
    .toLowerCase()
    .normalize('NFC')
    .matchAll(/[\p{L}\p{M}'’]+/gu)) {
    const characters = [' ', ...word, ' '];
    for (let at = 0; at + 2 < characters.length || at === 0; at++) {
      const trigram = `${characters[at]}${characters[at + 1]}${characters[at + 2]}`;
      counts.set(trigram, (counts.get(trigram) ?? 0) + 1);
    }
  }
  return counts;
}
