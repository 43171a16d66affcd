import type { Row } from '../../../client/derive/data/row.ts';
import { Random } from '../../../client/random.ts';
import { sha256Hex } from '../../../client/sha256.ts';
import { shuffled, spread } from '../base.ts';
import type { Verse } from '../verses.ts';

/** A question with one right answer. */
export interface Question {
  readonly task: string;
  readonly prompt: string;
  readonly answer: string;
}

/** What questions are about: words, and the last six words of verses with the marks between and behind them. */
export interface Items {
  readonly words: readonly string[];
  readonly ends: readonly string[];
}

const lastWords = (text: string) => text.trim().split(/\s+/).slice(-6).join(' ');

/** One word in eight is held out, by its hash: nearly all words of held-out verses are also in others. */
const isHeldOut = (word: string) => Number.parseInt(sha256Hex(word).slice(0, 8), 16) % 8 === 0;

/** The items of verses, with words that are held out or with the others. */
export function itemsOf(verses: readonly Verse[], heldOut: boolean): Items {
  const texts = verses.flatMap(({ old, modern }) => [old, modern]);
  const words = new Set(verses.flatMap(({ modern }) => modern.match(/\b[a-z]{4,9}\b/g) ?? []));
  const ends = new Set(texts.map(lastWords).filter(({ length }) => length <= 40));
  return { words: [...words].filter((word) => isHeldOut(word) === heldOut), ends: [...ends] };
}

/** The items without those ends of verses that others have too. */
export function unseen({ words, ends }: Items, others: Items): Items {
  const known = new Set(others.ends);
  return { words, ends: ends.filter((end) => !known.has(end)) };
}

/** Questions with two answers. One in two has the first, so that guessing is right half the time. */
function evenQuestions(
  { task, answers }: { task: string; answers: readonly [string, string] },
  prompt: (item: string) => string,
  first: readonly string[],
  second: readonly string[],
): Question[] {
  const count = Math.min(first.length, second.length);
  const ask = (items: readonly string[], answer: string) =>
    spread(items, count).map((item) => ({ task, prompt: prompt(item), answer }));
  return [...ask(first, answers[0]), ...ask(second, answers[1])];
}

/** Asks whether the end of a verse is a question, whether a word ends with a vowel, and for a word's last letter; in a random order. */
export function questionsOf({ words, ends }: Items, seed: number): Question[] {
  const endsWithVowel = (word: string) => /[aeiou]$/.test(word);
  const asks = (end: string) => /\?\W*$/.test(end);
  return shuffled(
    [
      ...evenQuestions(
        { task: 'question', answers: ['asks', 'tells'] },
        (end) => `${end}\nIt `,
        ends.filter(asks),
        ends.filter((end) => !end.includes('?')),
      ),
      ...evenQuestions(
        { task: 'vowel', answers: ['yes', 'no'] },
        (word) => `Vowel ends ${word}? `,
        words.filter(endsWithVowel),
        words.filter((word) => !endsWithVowel(word)),
      ),
      ...words.map((word) => ({ task: 'ending', prompt: `Last of ${word}? `, answer: word.slice(-1) })),
    ],
    Random.seeded(seed, 77),
  );
}

/** The first `count` questions of each task, or all that there are. */
export function ofEachTask(questions: readonly Question[], count: number): Question[] {
  return [...Map.groupBy(questions, ({ task }) => task).values()].flatMap((of) => of.slice(0, count));
}

export const answerRows = (questions: readonly Question[]): Row[] =>
  questions.map(({ prompt, answer }) => ({ form: 'answer', prompt, completion: answer }));

/** The first words of modern verses, which the model continues. */
export function firstWords(verses: readonly Verse[]): string[] {
  const prompts = verses.map(({ modern }) => modern.split(' ').slice(0, 3).join(' '));
  return prompts.filter((prompt) => prompt.length <= 24);
}

export const promptRows = (prompts: readonly string[]): Row[] =>
  prompts.map((prompt) => ({ form: 'prompt', prompt }));

/** Verses of which one in two is a question: their first words are continued by a question often enough to learn from. */
export function halfQuestions(verses: readonly Verse[]): Verse[] {
  const asking = verses.filter(({ modern }) => modern.includes('?'));
  return [...asking, ...spread(verses, asking.length)];
}
