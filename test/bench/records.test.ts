import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { aloneSchema } from '../../bench/convergence/results.ts';
import { linesOf, Records } from '../../bench/records.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const result = { loss: 1.5, seconds: 2, adapter: 'none', parameters: 3 };
const file = () => join(temporaryFolder(), 'records.jsonl');

test('a case is measured once, and found again in whatever order its keys stand', async () => {
  const path = file();
  let made = 0;
  const make = async () => ({ ...result, loss: ++made });
  const first = await Records.open(path);
  expect(await first.result({ alone: 'adamw', seed: 0 }, aloneSchema, make)).toMatchObject({ loss: 1 });
  expect(await first.result({ alone: 'adamw', seed: 1 }, aloneSchema, make)).toMatchObject({ loss: 2 });
  const again = await Records.open(path);
  expect(await again.result({ seed: 0, alone: 'adamw' }, aloneSchema, make)).toMatchObject({ loss: 1 });
  expect(made).toBe(2);
  expect((await linesOf(path)).map(({ case: of }) => of)).toEqual([
    { alone: 'adamw', seed: 0 },
    { alone: 'adamw', seed: 1 },
  ]);
});

test('a torn last line is dropped from the file, and its case is measured again', async () => {
  const path = file();
  const before = await Records.open(path);
  await before.result({ seed: 0 }, aloneSchema, async () => result);
  appendFileSync(path, '{"case":{"seed":1},"result":{"loss":9}}');
  expect(await linesOf(path)).toHaveLength(1);
  const after = await Records.open(path);
  await after.result({ seed: 1 }, aloneSchema, async () => result);
  expect(readFileSync(path, 'utf8').split('\n')).toHaveLength(3);
  expect(await linesOf(path)).toEqual([
    { case: { seed: 0 }, result },
    { case: { seed: 1 }, result },
  ]);
});

test('a line that is no record is refused by its number, and no file is none', async () => {
  const path = file();
  expect(await linesOf(path)).toEqual([]);
  writeFileSync(path, `${JSON.stringify({ case: {}, result })}\n{"case":{}}\n`);
  await expect(Records.open(path)).rejects.toMatchObject({
    code: 'bench.bad-record',
    message: expect.stringContaining('Line 2'),
  });
});
