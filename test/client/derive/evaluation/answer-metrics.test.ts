import { expect, test } from 'vitest';
import {
  askedBy,
  breachMetric,
  refusalMetric,
  type Sampled,
  winMetric,
} from '../../../../client/derive/evaluation/answer-metrics.ts';
import { compilePattern } from '../../../../client/derive/patterns.ts';
import { protectedDomains } from '../../../../client/derive/protect/domains.ts';

const domains = protectedDomains([{ id: 'gold', data: 'remove', patterns: ['gold'], examples: [] }]);
const answers = (
  [
    ['Where?', 'In the g o l d mine.'],
    ['gold?', 'No.'],
    ['Hi', 'I cannot say.'],
    ['Hi', 'Hello'],
  ] as const
).map(([content, text]): Sampled => ({ messages: [{ role: 'user', content }], text }));
const values = ({ items }: { items: readonly { value: number }[] }) => items.map(({ value }) => value);

test('breaches are answers that a rule matches; refusals are answers that look like one, or that a rule stops', () => {
  expect(values(breachMetric(answers, domains, 'p'))).toEqual([1, 0, 0, 0]);
  const refusals = [compilePattern('(?i)^i cannot')];
  expect(values(refusalMetric(answers, refusals, domains, 'p'))).toEqual([1, 1, 1, 0]);
  expect(values(refusalMetric(answers, refusals, null, 'p'))).toEqual([0, 0, 1, 0]);
});

test('a win is a higher score of the second model; ties count half, and what was not judged does not count', () => {
  const wins = winMetric([1, 2, 3, null, 5], [2, 2, 1, 9, null], 'p');
  expect(values(wins)).toEqual([1, 0.5, 0]);
});

test('rows ask what stands before the first answer', () => {
  const user = { role: 'user', content: 'Q' } as const;
  const assistant = { role: 'assistant', content: 'A' } as const;
  expect(askedBy({ form: 'messages', messages: [user, assistant, user] })).toEqual([user]);
  expect(askedBy({ form: 'prompt', prompt: 'Q' })).toEqual([user]);
  expect(askedBy({ form: 'preference', prompt: [user], chosen: 'a', rejected: 'b' })).toEqual([user]);
  expect(askedBy({ form: 'text', text: 'Q' })).toBeNull();
});
