import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { PairFile } from '../../../../apps/cli/chat/pair-file.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

const pair = { prompt: 'Q', chosen: 'good\nline', rejected: 'bad' };

test('pairs are appended one a line, also after a line without an end', async () => {
  const path = join(temporaryFolder(), 'pairs.jsonl');
  await new PairFile(path).add([pair]);
  writeFileSync(path, readFileSync(path, 'utf8').trimEnd());
  await new PairFile(path).add([pair, pair]);
  const lines = readFileSync(path, 'utf8').split('\n');
  expect(lines.slice(0, 3).map((line) => JSON.parse(line))).toEqual([pair, pair, pair]);
  expect(lines.slice(3)).toEqual(['']);
});

test.each(['Dear diary\n', '{"prompt": "Q", "completion": "A"}\n'])(
  'a file of something else is left as it is: %j',
  async (text) => {
    const path = join(temporaryFolder(), 'mine.txt');
    writeFileSync(path, text);
    await expect(new PairFile(path).add([pair])).rejects.toMatchObject({ code: 'chat.foreign-file' });
    expect(readFileSync(path, 'utf8')).toBe(text);
  },
);
