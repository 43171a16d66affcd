import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { writeNumberedProof } from '../../../../apps/cli/verify/proof-file.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

test('without a name, proofs of one run lie beside each other', async () => {
  const folder = temporaryFolder();
  const run = 'ab'.repeat(32);
  const [mine, second, third] = ['', '-2', '-3'].map((end) =>
    join(folder, `fork-abababababababab${end}.json`),
  );
  writeFileSync(mine ?? '', 'mine');
  expect(await writeNumberedProof(folder, run, Buffer.from('one'))).toBe(second);
  expect(await writeNumberedProof(folder, run, Buffer.from('two'))).toBe(third);
  const texts = readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8'));
  expect(texts.sort()).toEqual(['mine', 'one', 'two']);
});
