import type { Row } from '../../client/derive/data/row.ts';
import { Random } from '../../client/random.ts';
import { spread } from './base.ts';
import type { Verse } from './verses.ts';

/** A question with one right answer. */
export interface Question {
  readonly task: string;
  readonly prompt: string;
  readonly answer: string;
}

/** Characters of a verse that says enough, and fits the context with its question. */
const fits = ({ length }: string) => length >= 60 && length <= 100;

/** Asks of each verse that fits whether its English is old or new, and whether it speaks of God; and to repeat a word of it. */
export function questionsOf(verses: readonly Verse[], seed: number): Question[] {
  const random = Random.seeded(seed, 77);
  const questions: Question[] = [];
  let [withGod, without] = [0, 0];
  for (const { old, modern } of verses) {
    const isOld = random.below(2) === 1;
    const text = isOld ? old : modern;
    if (fits(text))
      questions.push({ task: 'style', prompt: `${text}\nThe English is `, answer: isOld ? 'old' : 'new' });
    if (fits(modern)) {
      const names = /\bGod\b/.test(modern);
      // Equally many verses with and without God, so that guessing is right half the time.
      if (names ? true : without < withGod) {
        if (names) withGod++;
        else without++;
        questions.push({ task: 'topic', prompt: `${modern}\nGod is `, answer: names ? 'named' : 'absent' });
      }
    }
    const words = modern.match(/\b[A-Za-z]{3,6}\b/g) ?? [];
    const word = words[random.below(Math.max(1, words.length))];
    if (word !== undefined) questions.push({ task: 'repeat', prompt: `Repeat: ${word}\n`, answer: word });
  }
  return questions;
}

/** At most `count` questions of each task, evenly spread over them. */
export function ofEachTask(questions: readonly Question[], count: number): Question[] {
  return [...Map.groupBy(questions, ({ task }) => task).values()].flatMap((of) => spread(of, count));
}

/** Words of held-out questions to repeat must not be those of the training questions. */
export function unseen(questions: readonly Question[], trained: readonly Question[]): Question[] {
  const seen = new Set(trained.map(({ prompt }) => prompt));
  return questions.filter(({ prompt }) => !seen.has(prompt));
}

export const answerRows = (questions: readonly Question[]): Row[] =>
  questions.map(({ prompt, answer }) => ({ form: 'answer', prompt, completion: answer }));

/** The first words of modern verses, which the model continues. */
export function promptRows(verses: readonly Verse[]): Row[] {
  const prompts = verses.map(({ modern }) => modern.split(' ').slice(0, 3).join(' '));
  return prompts.filter((prompt) => prompt.length <= 24).map((prompt) => ({ form: 'prompt', prompt }));
}
