import { expect, test } from 'vitest';
import { readColumns } from '../../../../client/derive/data/columns.ts';

const user = (content: string) => ({ role: 'user', content });
const assistant = (content: string) => ({ role: 'assistant', content });

test.each([
  ['text', { text: 'Rain.' }, { form: 'text', text: 'Rain.' }],
  ['completion', { prompt: 'a', completion: 'b' }, { form: 'answer', prompt: 'a', completion: 'b' }],
  [
    'a completion of messages',
    { prompt: [user('a')], completion: [assistant('b')] },
    { form: 'answer', prompt: [user('a')], completion: [assistant('b')] },
  ],
  [
    'messages, with columns that are ignored or null',
    { id: 7, messages: [user('a'), assistant('b')], prompt: null },
    { form: 'messages', messages: [user('a'), assistant('b')] },
  ],
  [
    'a preference',
    { prompt: 'a', chosen: 'b', rejected: 'c' },
    { form: 'preference', prompt: 'a', chosen: 'b', rejected: 'c' },
  ],
  [
    'a preference whose answers repeat the prompt',
    { prompt: [user('a')], chosen: [user('a'), assistant('b')], rejected: [user('a'), assistant('c')] },
    { form: 'preference', prompt: [user('a')], chosen: [assistant('b')], rejected: [assistant('c')] },
  ],
  [
    'a preference with an implicit prompt of messages',
    { chosen: [user('a'), assistant('b')], rejected: [user('a'), assistant('c')] },
    { form: 'preference', prompt: [user('a')], chosen: [assistant('b')], rejected: [assistant('c')] },
  ],
  [
    'a preference with an implicit prompt of text, cut between words',
    { chosen: 'Human: hi\n\nAssistant: good day', rejected: 'Human: hi\n\nAssistant: go away' },
    { form: 'preference', prompt: 'Human: hi\n\nAssistant: ', chosen: 'good day', rejected: 'go away' },
  ],
  [
    'a label',
    { prompt: 'a', completion: 'b', label: 0 },
    { form: 'label', prompt: 'a', completion: 'b', label: false },
  ],
  [
    'Alpaca',
    { instruction: 'Add.', input: '1 2', output: '3' },
    { form: 'answer', prompt: [user('Add.\n\n1 2')], completion: [assistant('3')] },
  ],
  [
    'Alpaca without input',
    { instruction: 'Sing.', input: '', output: 'La.', text: 'Below is …' },
    { form: 'answer', prompt: [user('Sing.')], completion: [assistant('La.')] },
  ],
  [
    'ShareGPT',
    {
      conversations: [
        { from: 'human', value: 'a' },
        { from: 'gpt', value: 'b' },
      ],
    },
    { form: 'messages', messages: [user('a'), assistant('b')] },
  ],
  [
    'a preference of ShareGPT',
    {
      conversations: [{ from: 'human', value: 'a' }],
      chosen: { from: 'gpt', value: 'b' },
      rejected: { from: 'gpt', value: 'c' },
    },
    { form: 'preference', prompt: [user('a')], chosen: [assistant('b')], rejected: [assistant('c')] },
  ],
  ['a prompt', { prompt: [user('a')] }, { form: 'prompt', prompt: [user('a')] }],
])('%s', (_, line, row) => {
  expect(readColumns(line)).toEqual({ row });
});

test.each([
  ['unknown', [1, 2]],
  ['unknown', null],
  ['unknown', 'text'],
  ['unknown', {}],
  ['unknown', { question: 'a', answer: 'b' }],
  ['form', { text: 7 }],
  ['form', { messages: [] }],
  ['form', { messages: [{ role: 'user' }] }],
  ['form', { prompt: 'a', chosen: 'b', rejected: [assistant('c')] }],
  ['form', { chosen: [user('a')], rejected: [user('a')] }],
  ['form', { prompt: 'a', completion: 'b', label: 'good' }],
  ['form', { conversations: [{ from: 'bing', value: 'a' }] }],
  ['empty', { text: ' \n' }],
  ['empty', { messages: [user('a')] }],
  ['empty', { prompt: 'a', completion: '' }],
  ['empty', { prompt: 'a', chosen: 'b', rejected: 'b' }],
])('what is wrong is told apart: %s %j', (wrong, line) => {
  expect(readColumns(line)).toEqual({ wrong });
});
