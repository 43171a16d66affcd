import { expect, test } from 'vitest';
import { Conversation } from '../../../../client/derive/chat/conversation.ts';
import { readColumns } from '../../../../client/derive/data/columns.ts';

/** A conversation whose last question has these answers, with votes made as each was given. */
function voted(
  answers: readonly (readonly [string, 'good' | 'bad' | null])[],
  format: 'chat' | 'plain' = 'plain',
) {
  const conversation = new Conversation('S');
  conversation.ask('Q');
  const pairs = answers.flatMap(([text, vote]) => {
    conversation.answered(text, format);
    return vote === null ? [] : conversation.vote(vote);
  });
  return { conversation, pairs };
}

test.each([
  [
    'a good answer after one without a vote',
    [
      ['a', null],
      ['b', 'good'],
    ],
    ['b>a'],
  ],
  [
    'a good answer after a bad one',
    [
      ['a', 'bad'],
      ['b', 'good'],
    ],
    ['b>a'],
  ],
  [
    'a bad answer after one without a vote',
    [
      ['a', null],
      ['b', 'bad'],
    ],
    ['a>b'],
  ],
  [
    'answers of one rank',
    [
      ['a', 'bad'],
      ['b', 'bad'],
    ],
    [],
  ],
  [
    'equal answers',
    [
      ['a', 'bad'],
      ['a', 'good'],
    ],
    [],
  ],
  [
    'an empty answer',
    [
      ['', 'bad'],
      ['a', 'good'],
    ],
    [],
  ],
  [
    'each pair of three',
    [
      ['a', 'good'],
      ['b', 'bad'],
      ['c', null],
      ['d', 'good'],
    ],
    ['a>b', 'd>b', 'd>c'],
  ],
] as const)('%s', (_, answers, wanted) => {
  const { pairs } = voted(answers);
  expect(pairs.map(({ chosen, rejected }) => `${chosen}>${rejected}`)).toEqual(wanted);
});

test('a vote that is repeated or changed makes no second pair', () => {
  const { conversation, pairs } = voted([
    ['a', null],
    ['b', 'good'],
  ]);
  expect(pairs).toHaveLength(1);
  expect([...conversation.vote('good'), ...conversation.vote('bad')]).toEqual([]);
});

test('pairs are rows that the preference stage reads, in the form in which was asked', () => {
  const [plain] = voted([
    ['a', null],
    ['b', 'good'],
  ]).pairs;
  expect(plain).toEqual({ prompt: 'S\nQ', chosen: 'b', rejected: 'a' });
  const [chat] = voted(
    [
      ['a', null],
      ['b', 'good'],
    ],
    'chat',
  ).pairs;
  expect(chat?.prompt).toEqual([
    { role: 'system', content: 'S' },
    { role: 'user', content: 'Q' },
  ]);
  for (const pair of [plain, chat]) {
    const read = readColumns(JSON.parse(JSON.stringify(pair)));
    expect(read).toMatchObject({ row: { form: 'preference', ...pair } });
  }
});

test('the conversation continues from the newest answer, and a question without an answer is taken back', () => {
  const { conversation } = voted([
    ['a', null],
    ['b', null],
  ]);
  conversation.unask();
  conversation.ask('next');
  const contents = () => conversation.messages.map(({ content }) => content);
  expect(contents()).toEqual(['S', 'Q', 'b', 'next']);
  expect([conversation.hasAnswer, conversation.vote('good')]).toEqual([false, []]);
  conversation.unask();
  expect(contents()).toEqual(['S', 'Q']);
});
