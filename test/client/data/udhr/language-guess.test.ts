import { expect, test } from 'vitest';
import { isLanguage, LanguageGuess } from '../../../../client/data/udhr/language-guess.ts';
import { nations, nationTexts } from '../../../../client/data/udhr/nations.ts';

test('articles that were not learnt from are guessed right in at least 19 of 20 cases, also by their first 40 characters', async () => {
  const chosen = nations.filter(({ name }) => ['Romance', 'Germanic', 'Turkic', 'Semitic'].includes(name));
  const languages = chosen.flatMap((nation) => nation.languages);
  const texts = (await Promise.all(chosen.map(({ name }) => nationTexts(name)))).flat();
  const guess = new LanguageGuess(
    languages,
    texts.map(({ train }) => train),
  );
  const articles = texts.flatMap(({ heldOut }, index) =>
    heldOut.split('\n\n').map((text) => ({ code: languages[index]?.code ?? '', text })),
  );
  expect(articles.length).toBeGreaterThan(150);
  const right = (length: number) =>
    articles.filter(({ code, text }) =>
      isLanguage(guess.guess(text.slice(0, length))?.code ?? '', code.split('_')[0] ?? code),
    ).length / articles.length;
  expect(right(1e6)).toBeGreaterThan(0.95);
  expect(right(40)).toBeGreaterThan(0.95);
  expect(guess.guess(' 123 -\n')).toBeNull();
});

test('a code asks for its varieties', () => {
  expect(['deu_1996', 'deu', 'deux'].map((code) => isLanguage(code, 'deu'))).toEqual([true, true, false]);
});
