import { expect, test } from 'vitest';
import { Votes } from '../../../../apps/contribute/base/votes.ts';
import { readColumns } from '../../../../client/derive/data/columns.ts';
import { memoryFiles } from '../../../support/tuned-store.ts';

const run = 'ab'.repeat(32);

test('votes are preference pairs of their run, as recipes read them', async () => {
  const votes = new Votes(memoryFiles());
  expect(await votes.file(run)).toBeNull();
  expect(await votes.add({ run, prompt: 'a\nb', chosen: 'good', rejected: 'bad' })).toBe(1);
  expect(await votes.add({ run, prompt: 'c', chosen: 'one', rejected: 'other' })).toBe(2);
  expect(await votes.add({ run: 'cd'.repeat(32), prompt: 'd', chosen: 'x', rejected: 'y' })).toBe(1);
  const file = await votes.file(run);
  expect(file?.name).toBe('votes-abababababababab.jsonl');
  const lines = (await file?.blob.text())?.trimEnd().split('\n') ?? [];
  expect(lines.map((line) => readColumns(JSON.parse(line)))).toMatchObject([
    { row: { form: 'preference' } },
    { row: { form: 'preference' } },
  ]);
  expect(JSON.parse(lines[0] ?? '')).toEqual({ prompt: 'a\nb', chosen: 'good', rejected: 'bad' });
});

test('a browser stores the newest thousand votes', async () => {
  const votes = new Votes(memoryFiles());
  for (let at = 1; at <= 1001; at++)
    await votes.add({ run, prompt: `prompt ${at}`, chosen: 'good', rejected: 'bad' });
  const lines = (await (await votes.file(run))?.blob.text())?.trimEnd().split('\n') ?? [];
  expect([lines.length, lines[0]?.includes('prompt 2"')]).toEqual([1000, true]);
});
