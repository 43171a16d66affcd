import { expect, test } from 'vitest';
import { defaultServeLimits } from '../../../../apps/cli/serve/limits.ts';
import { readChatRequest, readTextRequest } from '../../../../apps/cli/serve/request.ts';

const bytes = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
const messages = [{ role: 'user', content: 'Hi' }];
const chat = (more: object) => readChatRequest(bytes({ model: 'm', messages, ...more }), defaultServeLimits);
const text = (more: object) =>
  readTextRequest(bytes({ model: 'm', prompt: 'Hi', ...more }), defaultServeLimits);

test('what programs send is read', () => {
  expect(chat({})).toEqual({
    ...{ model: 'm', input: { messages }, stream: false, includeUsage: false, maxTokens: null },
    ...{ sampling: {}, stops: [], seed: null },
  });
  const full = {
    ...{ stream: true, stream_options: { include_usage: true }, max_completion_tokens: 5, max_tokens: 9 },
    ...{ temperature: 0, top_p: 1, top_k: 3, seed: -1, stop: 'x', n: 1, logprobs: null, user: 'u' },
    messages: [
      {
        role: 'system',
        content: [
          { type: 'text', text: 'a' },
          { type: 'text', text: 'b' },
        ],
      },
      { role: 'user', content: 'Hi' },
      { role: 'assistant', content: 'Ho', refusal: null },
      ...messages,
    ],
  };
  expect(chat(full)).toMatchObject({
    input: { messages: [{ content: 'ab' }, {}, { role: 'assistant', content: 'Ho' }, {}] },
    ...{ stream: true, includeUsage: true, maxTokens: 5, stops: ['x'], seed: -1 },
    sampling: { temperature: 0, topP: 1, topK: 3 },
  });
  expect(text({ stop: ['a', 'b'] })).toMatchObject({
    input: { text: 'Hi' },
    maxTokens: 16,
    stops: ['a', 'b'],
  });
  expect(text({ prompt: ['one'], max_tokens: 3 })).toMatchObject({ input: { text: 'one' }, maxTokens: 3 });
});

test.each([
  [{ model: undefined }, 'missing_parameter', 'model'],
  [{ modle: 'm' }, 'unknown_parameter', 'modle'],
  [{ n: 2 }, 'invalid_value', 'n'],
  [{ tools: [{}] }, 'invalid_value', 'tools'],
  [{ logprobs: true }, 'invalid_value', 'logprobs'],
  [{ temperature: 2.1 }, 'invalid_value', 'temperature'],
  [{ top_p: 0 }, 'invalid_value', 'top_p'],
  [{ max_tokens: 0 }, 'invalid_value', 'max_tokens'],
  [{ max_tokens: 1.5 }, 'invalid_value', 'max_tokens'],
  [{ stream: 'yes' }, 'invalid_value', 'stream'],
  [{ stop: [''] }, 'invalid_value', 'stop'],
  [{ stop: Array(17).fill('x') }, 'invalid_value', 'stop'],
  [{ response_format: { type: 'json_object' } }, 'invalid_value', 'response_format'],
  [{ messages: [] }, 'invalid_value', 'messages'],
  [{ messages: [{ role: 'boss', content: 'x' }] }, 'invalid_value', 'messages.0.role'],
  [{ messages: [{ role: 'user', content: [{ type: 'image_url' }] }] }, 'invalid_value', 'messages.0.content'],
  [{ messages: [...messages, { role: 'assistant', content: 'x' }] }, 'invalid_value', 'messages'],
])('%j is refused by name', (more, code, field) => {
  expect(() => chat(more)).toThrow(expect.objectContaining({ status: 400, code, field }));
});

test('what is no JSON, or gives a key twice, is refused', () => {
  for (const body of [
    '{',
    '[]',
    'null',
    '{"model": "a", "model": "b"}',
    `${'['.repeat(40)}${']'.repeat(40)}`,
  ])
    expect(() => readChatRequest(new TextEncoder().encode(body), defaultServeLimits)).toThrow(
      expect.objectContaining({ status: 400 }),
    );
});
