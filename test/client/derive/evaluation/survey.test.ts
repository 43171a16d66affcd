import fc from 'fast-check';
import { expect, test } from 'vitest';
import { byteTokenizer } from '../../../../client/data/tokenizer.ts';
import { answerPrompt } from '../../../../client/derive/chat/answer-prompt.ts';
import { estimate } from '../../../../client/derive/evaluation/metric.ts';
import { type Answers, promptText, turnedOrders } from '../../../../client/derive/evaluation/survey/ask.ts';
import { builtInSurveys } from '../../../../client/derive/evaluation/survey/built-in.ts';
import { axisMetrics, orderEffect } from '../../../../client/derive/evaluation/survey/result.ts';
import {
  readSurvey,
  type Survey,
  type SurveyQuestion,
} from '../../../../client/derive/evaluation/survey/survey.ts';
import { presets } from '../../../../client/model/config.ts';
import { Random } from '../../../../client/random.ts';
import { seed } from '../../../support/seed.ts';

test('each choice is at each place equally often, and each pair of neighbours turns round', () => {
  for (let count = 2; count <= 10; count++) {
    const orders = turnedOrders(count);
    expect(new Set(orders.map(String)).size).toBe(count === 2 ? 2 : 2 * count);
    for (let place = 0; place < count; place++)
      for (let choice = 0; choice < count; choice++)
        expect(orders.filter((order) => order[place] === choice)).toHaveLength(orders.length / count);
  }
});

const question = (count: number, weight: number): SurveyQuestion => ({
  id: 'q',
  text: 'Q?',
  choices: Array.from({ length: count }, (_, value) => ({ value, text: `c${value}` })),
  axes: new Map([['x', weight]]),
});
const survey = { title: 'S', language: 'en', axes: [{ id: 'x', low: 'l', high: 'h' }] } as const;

/** The answers of a model that gives choice `c` at place `p` this much probability, before they are made to add up to 1. */
function answersOf(count: number, weight: number, power: (choice: number, place: number) => number): Answers {
  const orders = turnedOrders(count);
  const probabilities = orders.map((order) => {
    const row = order.map((_, choice) => power(choice, order.indexOf(choice)));
    const sum = row.reduce((total, value) => total + value, 0);
    return row.map((value) => value / sum);
  });
  return { question: question(count, weight), orders, probabilities };
}

const place = (answers: Answers) => {
  const metrics = axisMetrics({ ...survey, source: '', template: '', questions: [] }, [answers]);
  return metrics.map((metric) => estimate(metric, 1).value);
};

test('a model that looks at the place alone is found out, and so is one that reads the choices', () => {
  for (const count of [2, 3, 5]) {
    const first = answersOf(count, 1, (_, place) => (place === 0 ? 1 : 0));
    expect(orderEffect([first])).toMatchObject({ place: expect.closeTo(1), choice: expect.closeTo(0) });
    expect(place(first)).toEqual([expect.closeTo(0)]);
    const best = answersOf(count, 1, (choice) => (choice === count - 1 ? 1 : 0));
    expect(orderEffect([best])).toMatchObject({ place: expect.closeTo(0), choice: expect.closeTo(1) });
    expect(place(best)).toEqual([expect.closeTo(1)]);
    const turned = answersOf(count, -2, (choice) => (choice === count - 1 ? 1 : 0));
    expect(place(turned)).toEqual([expect.closeTo(-1)]);
  }
  expect(orderEffect([answersOf(4, 1, () => 1)])).toEqual({ choice: 0, place: 0, rest: 0 });
});

test('the shares of the variance add up to 1, whatever a model answers', () => {
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 7 }), fc.nat(), (count, stream) => {
      const random = Random.seeded(seed, stream);
      const { choice, place, rest } = orderEffect([answersOf(count, 1, () => 0.01 + random.uniform())]);
      expect(choice + place + rest).toBeCloseTo(1, 10);
      for (const share of [choice, place, rest]) expect(share).toBeGreaterThanOrEqual(0);
    }),
    { seed },
  );
});

test.each([...builtInSurveys])('%s is whole in every language and fits the smallest preset', (name, text) => {
  const { languages }: { languages: string[] } = { languages: ['en', 'de', 'es', 'fr', 'it'] };
  const all = languages.map((language) => readSurvey(text, name, language));
  const fits = presets.nano.contextLength;
  for (const each of all) {
    expect(new Set(each.questions.map((own) => own.text)).size).toBe(each.questions.length);
    for (const own of each.questions)
      for (const order of turnedOrders(own.choices.length)) {
        const prompt = promptText(each, own, order);
        for (const format of ['plain', 'chat'] as const) {
          const asked = answerPrompt(byteTokenizer, format, [{ role: 'user', content: prompt }], 1000);
          // Plain text has a space before the label. The last token is no input.
          const label = format === 'plain' ? 2 : 1;
          expect(asked.tokens.length + label - 1, prompt).toBeLessThanOrEqual(fits);
        }
      }
    for (const { id } of each.axes)
      expect(each.questions.filter((own) => own.axes.has(id)).length).toBeGreaterThan(4);
  }
  expect(new Set(all.map((each: Survey) => each.questions[0]?.text)).size).toBe(languages.length);
});

const good = `title: T
source: mine
languages: [en, de]
template: { en: '{question} {choices}', de: '{question} {choices}' }
axes: [{ id: x, low: a, high: b }]
questions:
  - id: q
    axes: { x: 1 }
    text: { en: Q, de: F }
    choices:
      - { value: 1, text: { en: a, de: b } }
      - { value: 2, text: { en: c, de: d } }
`;

test.each([
  ['text: { en: Q, de: F }', 'text: { en: Q }', 'line 9: has no text in de'],
  ['axes: { x: 1 }', 'axes: { y: 1 }', 'line 8: y is no axis of the survey'],
  ['value: 2', 'value: 1', 'line 10: has one value only'],
  ['choices:\n', 'scale: s\n    choices:\n', 'needs either choices or the name of a scale'],
  ['{question} {choices}', '{question}', 'line 4: must hold {question} and {choices}'],
  ['id: q', 'id: Q!', 'line 7'],
  ['title: T', 'tittle: T', 'tittle is no known key; is it title?'],
])('%j as %j is refused with its line', (before, after, message) => {
  expect(readSurvey(good, 's.yaml', 'de').questions[0]?.text).toBe('F');
  expect(() => readSurvey(good.replace(before, after), 's.yaml')).toThrow(message);
});

test('a language that the survey is not in is refused', () => {
  expect(() => readSurvey(good, 's.yaml', 'fr')).toThrow('the survey is in en, de and not in fr');
});
