import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { exit } from '../../../../apps/cli/exit-codes.ts';
import { writeSmallAdapter, writeSmallModel } from '../../../support/formats/small-model.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';
import { type Built, built } from '../../../system/built.ts';

let tapestry: Built;
beforeAll(async () => {
  tapestry = await built();
});
const children = new Set<ReturnType<typeof spawn>>();
afterAll(() => {
  for (const child of children) child.kill('SIGKILL');
});

/** Starts a server; `event` gives its next event. */
async function serve(...words: string[]) {
  const child = spawn(process.execPath, [tapestry.tapestry, 'serve', ...words, '--port', '0', '--json']);
  children.add(child);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const event = async (): Promise<Record<string, unknown>> =>
    JSON.parse((await lines.next()).value ?? 'null');
  const { url } = await event();
  return { child, event, url: String(url) };
}

interface Asked {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: object | string;
}

const token = { authorization: 'Bearer open sesame' };

/** Asks the server; resolves with the answer's head. */
async function ask(url: string, { method, headers = {}, body }: Asked = {}): Promise<IncomingMessage> {
  const asked = request(url, {
    method: method ?? (body === undefined ? 'GET' : 'POST'),
    headers: { ...token, 'content-type': 'application/json', ...headers },
  });
  asked.on('error', () => undefined);
  asked.end(typeof body === 'object' ? JSON.stringify(body) : body);
  const [response] = await once(asked, 'response');
  return response;
}

async function textOf(response: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of response.setEncoding('utf8')) text += chunk;
  return text;
}

async function json(url: string, asked?: Asked) {
  const response = await ask(url, asked);
  return { status: response.statusCode, ...JSON.parse(await textOf(response)) };
}

const messages = [{ role: 'user', content: 'Hello <|end|>' }];

test('the chat-completions protocol: answers, streams, adapters, refusals, and a client that goes away', async () => {
  const folder = temporaryFolder();
  const at = (name: string) => join(folder, name);
  await writeSmallAdapter(at('letters'), await writeSmallModel(at('model'), 1), 2);
  const limits = ['--queue', '0', '--max-body', '20000', '--max-tokens', '3000'];
  const server = await serve(at('model'), '--adapter', at('letters'), '--token', 'open sesame', ...limits);
  const chat = `${server.url}/chat/completions`;

  const { data } = await json(`${server.url}/models`);
  expect(data.map(({ id }: { id: string }) => id)).toEqual(['model', 'model:letters']);

  const common = { model: 'model', messages, max_tokens: 24, seed: 7 };
  const whole = await json(chat, { body: common });
  expect(whole).toMatchObject({
    ...{ status: 200, object: 'chat.completion', model: 'model' },
    choices: [{ index: 0, message: { role: 'assistant' } }],
    // The template's words, without a special token for the typed one.
    usage: { prompt_tokens: 1 + 'user: Hello <|end|>\nassistant: '.length },
  });
  const [{ message, finish_reason }] = whole.choices;
  expect(await server.event()).toMatchObject({ event: 'answered', end: finish_reason });

  const stream = await ask(chat, {
    body: { ...common, stream: true, stream_options: { include_usage: true } },
  });
  expect(stream.headers['content-type']).toContain('text/event-stream');
  const events = (await textOf(stream)).trimEnd().split('\n\n');
  expect(events.pop()).toBe('data: [DONE]');
  const chunks = events.map((event) => JSON.parse(event.replace(/^data: /, '')));
  expect(whole.usage.prompt_tokens_details).toEqual({ cached_tokens: 0 });
  // Only the prompt's last token is read again.
  const cached = { prompt_tokens_details: { cached_tokens: whole.usage.prompt_tokens - 1 } };
  expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { ...whole.usage, ...cached } });
  expect(chunks.at(-2)).toMatchObject({ choices: [{ delta: {}, finish_reason }] });
  const deltas = chunks.slice(0, -1).map(({ choices: [{ delta }] }) => delta.content ?? '');
  expect(deltas.join('')).toBe(message.content);
  await server.event();

  const adapted = await json(chat, { body: { ...common, model: 'model:letters' } });
  expect(adapted.choices[0].message.content).not.toBe(message.content);
  await server.event();
  const plain = await json(`${server.url}/completions`, { body: { model: 'model', prompt: 'Hello' } });
  expect(plain).toMatchObject({ object: 'text_completion', usage: { prompt_tokens: 6 } });
  await server.event();

  const refused: readonly [Asked, number, string][] = [
    [{ headers: { authorization: 'Bearer wrong' } }, 401, 'invalid_api_key'],
    [{ headers: { host: 'rebound.example:80' } }, 403, 'host_not_allowed'],
    [{ headers: { origin: 'https://page.example' } }, 403, 'origin_not_allowed'],
    [{ headers: { origin: 'null' } }, 403, 'origin_not_allowed'],
    [{ headers: { 'content-type': 'text/plain' } }, 415, 'unsupported_media_type'],
    [{ body: { ...common, user: 'x'.repeat(20_000) } }, 413, 'request_too_large'],
    [{ body: { ...common, model: 'other' } }, 404, 'model_not_found'],
    [{ body: { ...common, n: 3 } }, 400, 'invalid_value'],
    [
      { body: { ...common, messages: [{ role: 'user', content: 'x'.repeat(5000) }] } },
      400,
      'context_length_exceeded',
    ],
    [{ method: 'PUT' }, 405, 'method_not_allowed'],
  ];
  for (const [asked, status, code] of refused) {
    const answer = await json(chat, { body: common, ...asked });
    expect(answer).toMatchObject({ status, error: { code, message: expect.stringMatching(/./) } });
  }
  expect(await json(`${server.url}/nothing`)).toMatchObject({ status: 404, error: { code: 'unknown_url' } });
  const { host, origin } = new URL(server.url);
  expect((await ask(`${server.url}/models`, { headers: { host, origin } })).statusCode).toBe(200);

  // Nobody may wait, so that a second request is refused while the first is answered.
  const long = await ask(chat, { body: { ...common, max_tokens: 3000, temperature: 0, stream: true } });
  await once(long, 'data');
  const full = await ask(chat, { body: common });
  expect([full.statusCode, full.headers['retry-after']]).toEqual([429, '1']);
  long.destroy();
  const closed = await server.event();
  expect(closed).toMatchObject({ event: 'answered', end: 'closed' });
  expect(closed['completionTokens']).toBeLessThan(3000);
  expect((await json(chat, { body: common })).choices[0].message).toEqual(message);

  server.child.kill('SIGTERM');
  const [code] = await once(server.child, 'exit');
  expect(code).toBe(exit.done);
});
