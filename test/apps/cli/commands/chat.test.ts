import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { exit } from '../../../../apps/cli/exit-codes.ts';
import { readColumns } from '../../../../client/derive/data/columns.ts';
import { writeSmallAdapter, writeSmallModel } from '../../../support/formats/small-model.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';
import { type Built, built } from '../../../system/built.ts';

let tapestry: Built;
beforeAll(async () => {
  tapestry = await built();
});
const children = new Set<ReturnType<typeof chat>>();
afterAll(() => {
  for (const child of children) child.kill('SIGKILL');
});

function chat(...words: string[]) {
  const child = spawn(process.execPath, [tapestry.tapestry, 'chat', ...words]);
  children.add(child);
  child.once('exit', () => children.delete(child));
  return child;
}

/** Gives these lines to a chat, and waits for its end. */
async function told(lines: readonly string[], ...words: string[]) {
  const child = chat(...words);
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text) => (stderr += text));
  child.stdin.end(lines.map((line) => `${line}\n`).join(''));
  const [code] = await once(child, 'close');
  return { code, stdout, stderr };
}

test('lines of a pipe are answered, and votes on answers make rows that the preference stage reads', async () => {
  const folder = temporaryFolder();
  const at = (name: string) => join(folder, name);
  await writeSmallAdapter(at('letters'), await writeSmallModel(at('model'), 1), 2);
  const words = [at('model'), '--adapter', at('letters'), '--pairs', at('pairs.jsonl'), '--max-tokens', '8'];
  const lines = ['/bad', 'Hi <|end|>', '/adapter none', '/retry', '/good', '/what', 'More', '/quit', 'never'];
  const { code, stdout } = await told(lines, ...words, '--json');
  expect(code).toBe(exit.done);
  const events = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(events.map(({ event }) => event).join(' ')).toBe('note note answer note answer note note answer');
  const [first, second, third] = events.filter(({ event }) => event === 'answer');
  expect(first).toMatchObject({
    message: 'Hi <|end|>',
    adapter: 'letters',
    format: 'chat',
    tokens: 8,
    end: 'length',
  });
  expect(second).toMatchObject({ message: 'Hi <|end|>', adapter: null, format: 'chat' });
  expect(second.text).not.toBe(first.text);
  expect(third).toMatchObject({ message: 'More' });
  // The third prompt begins with the second one, which is not read again.
  expect(third.readTokens).toBeLessThan(second.readTokens + Buffer.byteLength(second.text));
  const rows = readFileSync(at('pairs.jsonl'), 'utf8').trim().split('\n');
  expect(rows.map((row) => readColumns(JSON.parse(row)))).toEqual([
    {
      row: {
        form: 'preference',
        prompt: [{ role: 'user', content: 'Hi <|end|>' }],
        chosen: [{ role: 'assistant', content: second.text }],
        rejected: [{ role: 'assistant', content: first.text }],
      },
    },
  ]);
});

test('a base continues text and says so; Ctrl-C stops an answer and not the chat', async () => {
  const folder = temporaryFolder();
  await writeSmallModel(folder, 1, { kind: 'base' });
  const child = chat(folder, '--greedy', '--max-tokens', '1000000');
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text) => (stderr += text));
  child.stdin.write('All human beings\n');
  await once(child.stdout, 'data');
  child.kill('SIGINT');
  child.stdin.end('/quit\n');
  const [code] = await once(child, 'close');
  expect(code).toBe(exit.done);
  expect(stderr).toContain('continues each message as text');
  // It would say so if there had been no answer to stop.
  expect(stderr).not.toContain('again leaves');
});
