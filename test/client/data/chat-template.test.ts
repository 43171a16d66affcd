import { Template } from '@huggingface/jinja';
import { Tokenizer as FileEncoder } from '@huggingface/tokenizers';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { type ChatMessage, type ChatTokenizer, renderChat } from '../../../client/data/chat-template.ts';
import { byteTokenizer } from '../../../client/data/tokenizer.ts';
import { tokenizerFromFile } from '../../../client/data/tokenizer-file.ts';
import { chatMl } from '../../../client/formats/tokenizer-config.ts';
import { bpeFile } from '../../support/data/bpe-file.ts';

const names = ['<|im_start|>', '<|im_end|>', '<|endoftext|>'] as const;
const file = bpeFile(259, {
  added_tokens: names.map((content, index) => ({ id: 256 + index, content, special: true })),
});
const special = { names: { beginning: '<|endoftext|>', end: '<|im_end|>', padding: '<|endoftext|>' } };

function chatting(chatTemplate?: string) {
  return tokenizerFromFile(file, { ...special, chatTemplate });
}

/** The tokens and, between brackets, those that carry loss; special tokens by their names. */
function shown(
  tokenizer: ChatTokenizer & typeof byteTokenizer,
  messages: readonly ChatMessage[],
  prompt = false,
) {
  const { tokens, carriesLoss } = renderChat(tokenizer, messages, { prompt });
  expect(carriesLoss.length).toBe(tokens.length);
  const nameOf = new Map([...tokenizer.special].map(([name, id]) => [id, name]));
  let text = '';
  let pending: number[] = [];
  const flush = () => {
    text += tokenizer.decode(pending);
    pending = [];
  };
  tokens.forEach((token, i) => {
    const before = carriesLoss[i - 1] ?? 0;
    if (before !== carriesLoss[i]) {
      flush();
      text += before ? ']' : '[';
    }
    const name = nameOf.get(token);
    if (name === undefined) pending.push(token);
    else {
      flush();
      text += name;
    }
  });
  flush();
  return carriesLoss.at(-1) ? `${text}]` : text;
}

const talk: readonly ChatMessage[] = [
  { role: 'user', content: 'Who?' },
  { role: 'assistant', content: 'Me.' },
  { role: 'user', content: 'And?' },
  { role: 'assistant', content: 'You.' },
];

test('the byte tokenizer writes a turn a line, and an answer carries loss through its end', () => {
  expect(shown(byteTokenizer, talk)).toBe(
    '<|begin|>user: Who?\nassistant: [Me.<|end|>]\nuser: And?\nassistant: [You.<|end|>]\n',
  );
  expect(shown(byteTokenizer, talk.slice(0, 1), true)).toBe('<|begin|>user: Who?\nassistant: ');
});

test('ChatML is the template of a model without one', () => {
  expect(shown(chatting(), talk.slice(0, 2))).toBe(
    '<|endoftext|><|im_start|>user\nWho?<|im_end|>\n<|im_start|>assistant\n[Me.<|im_end|>]\n',
  );
  const otherEnd = tokenizerFromFile(file, { names: { ...special.names, end: '<|endoftext|>' } });
  expect(shown(otherEnd, talk.slice(1, 2))).toBe(
    '<|endoftext|><|im_start|>assistant\n[Me.<|im_end|><|endoftext|>]\n',
  );
});

/** Like ChatML's, but what it writes between the tags of generation is what the assistant wrote. */
const marking = `{% for m in messages %}
  {%- if m.role == 'assistant' %}
<|im_start|>assistant
    {% generation %}
{{ m.content + '<|im_end|>' }}
    {%- endgeneration %}
{{ '\\n' }}
  {%- else %}
{{ '<|im_start|>' + m.role + '\\n' + m.content + '<|im_end|>\\n' }}
  {%- endif %}
{% endfor %}`;

test('the spans of {% generation %} carry loss, with the tags’ white space as transformers removes it', () => {
  expect(shown(chatting(marking), talk.slice(0, 2))).toBe(
    '<|im_start|>user\nWho?<|im_end|>\n<|im_start|>assistant\n[Me.<|im_end|>]\n',
  );
});

/** Uses what published templates use: a namespace, tests, filters, a raised error, a date. */
const published = `{%- if messages[0].role == 'system' %}{{- '<|im_start|>system\\n' + messages[0].content | trim + '<|im_end|>\\n' }}
{%- endif %}
{%- set state = namespace(turn=0) %}
{%- for message in messages %}
    {%- if message.role == 'user' or (message.role == 'system' and not loop.first) %}
        {{- '<|im_start|>' ~ message['role'] ~ '\\n' ~ message.content | trim ~ '<|im_end|>' ~ '\\n' }}
    {%- elif message.role == 'assistant' %}
        {%- set state.turn = state.turn + 1 %}
        {{- '<|im_start|>assistant\\n' + message.content.split('</think>')[-1].lstrip('\\n') + '<|im_end|>\\n' }}
    {%- elif message.role == 'tool' %}
        {{- raise_exception('no tools here') }}
    {%- endif %}
{%- endfor %}
{%- if strftime_now is defined %}{{- strftime_now('%Y') }}{%- endif %}
{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}{%- endif %}`;

test('tokens are those of rendering and encoding the whole text, for text without names of special tokens', () => {
  const reader = new FileEncoder(JSON.parse(new TextDecoder().decode(file)), {});
  const tokenizer = chatting(published.replace('strftime_now is defined', 'false'));
  const content = fc.string({
    unit: fc.constantFrom('the ', ' in', 'é', '\n', '漢', 'x', '  ', '1'),
    minLength: 1,
  });
  const message = fc.record({ role: fc.constantFrom('system', 'user'), content });
  fc.assert(
    fc.property(fc.array(message, { minLength: 1, maxLength: 4 }), fc.boolean(), (messages, prompt) => {
      const text = new Template(tokenizer.chatTemplate).render({ messages, add_generation_prompt: prompt });
      const { tokens } = renderChat(tokenizer, messages, { prompt });
      expect([...tokens]).toEqual(reader.encode(text, { add_special_tokens: false }).ids);
    }),
    { numRuns: 60 },
  );
});

test('a name of a special token in a message, whole or completed by the template, stays text', () => {
  const parts = names.flatMap((name) => [
    name,
    name.slice(0, 5),
    name.slice(5),
    name.slice(-2),
    name.slice(2, -2),
    '<',
    '|>',
  ]);
  const content = fc.array(fc.constantFrom(...parts, 'x', ' ', '\n'), { minLength: 1, maxLength: 6 });
  const between =
    '{% for m in messages %}<|im_{{ m.content }}|im_end|>{{ m.content | trim }}|>|im_start|><|{{ m.content }}|>{% endfor %}';
  for (const template of [chatMl, marking, published, between]) {
    const tokenizer = chatting(template);
    const count = (text: string) => {
      const { tokens } = renderChat(tokenizer, [
        { role: 'user', content: text },
        { role: 'assistant', content: text },
      ]);
      return tokens.filter((token) => token >= 256 && token <= 258).length;
    };
    const placed = count('x');
    fc.assert(
      fc.property(content, (all) => {
        const text = all.join('');
        expect(count(text)).toBe(placed);
      }),
      { numRuns: 60 },
    );
  }
  expect(shown(chatting(), [{ role: 'user', content: 'a <|im_end|> b' }])).toBe(
    '<|endoftext|><|im_start|>user\na <|im_end|> b<|im_end|>\n',
  );
});

test('equal messages give equal tokens on every day', () => {
  expect(shown(chatting(published), talk.slice(0, 1))).toBe('<|im_start|>user\nWho?<|im_end|>\n');
});

test('a template that cannot be used is refused, and its spans are never guessed', () => {
  const refused = (chatTemplate: string, messages = talk) => {
    expect(() => renderChat(chatting(chatTemplate), messages)).toThrow(
      expect.objectContaining({ code: expect.stringMatching(/^chat\./) }),
    );
    try {
      renderChat(chatting(chatTemplate), messages);
    } catch (error) {
      return error;
    }
    return null;
  };
  expect(refused('{% for m in %}')).toMatchObject({ code: 'chat.bad-template' });
  expect(refused(published, [{ role: 'tool', content: 'x' }])).toMatchObject({
    code: 'chat.bad-template',
    message: expect.stringContaining('no tools here'),
  });
  expect(refused('{% for i in range(1000000000) %}x{% endfor %}')).toMatchObject({
    code: 'chat.bad-template',
  });
  expect(refused('{{ messages | length }}{% for m in messages %}{{ m.content }}{% endfor %}')).toMatchObject({
    code: 'chat.no-prefix',
  });
  const all = String.fromCharCode(...Array.from({ length: 6400 }, (_, i) => 0xe000 + i));
  expect(refused(chatMl, [{ role: 'user', content: all }])).toMatchObject({ code: 'chat.bad-text' });
});
