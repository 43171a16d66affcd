import { expect, test } from 'vitest';
import { itemsOf, questionsOf, unseen } from '../../bench/sovereign/stages/tasks.ts';

const verses = [
  {
    old: 'Whither goest thou from the river and the garden?',
    modern: 'Where do you go from the river and the garden?',
  },
  {
    old: 'And there he abode in the hills many days.',
    modern: 'There he stayed among the hills for many quiet days.',
  },
  {
    old: 'Who is this that cometh over the water?”',
    modern: 'Who is this, coming alone over the blue water?”',
  },
  { old: 'They gave unto him bread.', modern: 'They gave bread to some people, and a house and fruit.' },
];

test('half of the questions about verses and vowels have the first answer, and all answers are right', () => {
  const items = itemsOf(verses, false);
  const byTask = Map.groupBy(questionsOf(items, 1), ({ task }) => task);
  for (const [task, first] of [
    ['question', 'asks'],
    ['vowel', 'yes'],
  ] as const) {
    const questions = byTask.get(task) ?? [];
    expect(questions.length).toBeGreaterThan(1);
    expect(questions.filter(({ answer }) => answer === first)).toHaveLength(questions.length / 2);
  }
  for (const { prompt, answer } of byTask.get('question') ?? [])
    expect(prompt).toMatch(answer === 'asks' ? /\?”?\nIt $/ : /^[^?]*\nIt $/);
  for (const { prompt, answer } of byTask.get('vowel') ?? [])
    expect(prompt).toMatch(answer === 'yes' ? /[aeiou]\? $/ : /[^aeiou]\? $/);
  expect(byTask.get('ending')).toHaveLength(items.words.length);
  for (const { prompt, answer } of byTask.get('ending') ?? []) expect(prompt.at(-3)).toBe(answer);
});

test('no word is both held out and trained on, and no end of a verse that others have is asked about', () => {
  const [trained, heldOut] = [itemsOf(verses, false), itemsOf(verses, true)];
  expect(heldOut.words.length).toBeGreaterThan(0);
  expect(trained.words.filter((word) => heldOut.words.includes(word))).toEqual([]);
  const left = unseen(itemsOf([...verses, { old: 'He slept.', modern: 'He slept.' }], true), trained);
  expect(left.ends).toEqual(['He slept.']);
});
