import type { Row } from '../../client/derive/data/row.ts';
import { Random } from '../../client/random.ts';
import { shuffled, spread } from './base.ts';
import type { Verse } from './verses.ts';

/** A question with one right answer. */
export interface Question {
  readonly task: string;
  readonly prompt: string;
  readonly answer: string;
}

/** Characters of a verse that fits the context with its question. */
const fits = ({ length }: string) => length <= 90;

/** The tasks about whole verses, of which one in two has the first answer, so that guessing is right half the time. */
const verseTasks = [
  { task: 'topic', asks: 'God is ', answers: ['named', 'absent'], has: /\bGod\b/ },
  { task: 'question', asks: 'The verse ', answers: ['asks', 'tells'], has: /\?/ },
] as const;

/** Asks whether a verse's English is old or new, whether it names God, whether it is a question, and for a word's first letter as a capital; in a random order. */
export function questionsOf(verses: readonly Verse[], seed: number): Question[] {
  const random = Random.seeded(seed, 77);
  const questions: Question[] = [];
  for (const { old, modern } of verses) {
    const isOld = random.below(2) === 1;
    const text = isOld ? old : modern;
    if (fits(text))
      questions.push({ task: 'style', prompt: `${text}\nThe English is `, answer: isOld ? 'old' : 'new' });
    const words = modern.match(/\b[a-z]{3,8}\b/g) ?? [];
    const word = words[random.below(Math.max(1, words.length))];
    if (word !== undefined)
      questions.push({
        task: 'initial',
        prompt: `Initial of ${word}: `,
        answer: word.slice(0, 1).toUpperCase(),
      });
  }
  const texts = verses.map(({ modern }) => modern).filter(fits);
  for (const { task, asks, answers, has } of verseTasks) {
    const those = texts.filter((text) => has.test(text));
    const others = spread(
      texts.filter((text) => !has.test(text)),
      those.length,
    );
    for (const [index, text] of those.entries()) {
      questions.push({ task, prompt: `${text}\n${asks}`, answer: answers[0] });
      const other = others[index];
      if (other !== undefined) questions.push({ task, prompt: `${other}\n${asks}`, answer: answers[1] });
    }
  }
  return shuffled(questions, random);
}

/** The first `count` questions of each task, or all that there are. */
export function ofEachTask(questions: readonly Question[], count: number): Question[] {
  return [...Map.groupBy(questions, ({ task }) => task).values()].flatMap((of) => of.slice(0, count));
}

/** Words of held-out questions must not be those of the training questions. */
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

/** Verses of which one in two is a question: their first words are continued by a question often enough to learn from. */
export function halfQuestions(verses: readonly Verse[]): Verse[] {
  const asking = verses.filter(({ modern }) => modern.includes('?'));
  return [...asking, ...spread(verses, asking.length)];
}
