import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const line = 'The harbour lay still — 港 — and the boats were dry again after the rain.\n';
const lineBytes = new TextEncoder().encode(line).length;

test('a corpus takes at most three times its text in memory while it is read, split and tokenized', async () => {
  const folder = temporaryFolder();
  const [small, large] = [join(folder, 'small.txt'), join(folder, 'large.txt')];
  await writeFile(small, line.repeat(5000));
  const size = 16 * 2 ** 20;
  await writeFile(large, line.repeat(Math.ceil(size / lineBytes)));
  const entry = join(import.meta.dirname, 'corpus-memory-entry.ts');
  const { stdout } = await promisify(execFile)(process.execPath, [entry, small, large]);
  const { grown, tokens } = JSON.parse(stdout);
  expect(tokens).toBeGreaterThan(0.85 * size);
  expect(grown).toBeLessThan(3 * size);
});
