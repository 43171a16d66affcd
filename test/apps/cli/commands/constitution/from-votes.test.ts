import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { fromVotesCommand } from '../../../../../apps/cli/commands/constitution/from-votes.ts';
import { parseConstitution } from '../../../../../client/derive/constitution/constitution.ts';
import { temporaryFolder } from '../../../../support/temporary-folder.ts';

test('principles that every group agrees with become a constitution that can be read', async () => {
  const folder = temporaryFolder();
  const [votes, out] = [join(folder, 'votes.csv'), join(folder, 'c.yaml')];
  const lines = Array.from({ length: 20 }, (_, voter) =>
    [
      ['"Be kind: always"', 'agree'],
      ['Be short', voter % 2 === 0 ? 'agree' : 'disagree'],
      ['Be long', voter % 2 === 0 ? 'disagree' : 'agree'],
    ].map(([principle, vote]) => `v${voter},${principle},${vote}`),
  );
  await writeFile(votes, ['voter,principle,vote', ...lines.flat()].join('\n'));
  const run = (...words: string[]) =>
    fromVotesCommand()
      .exitOverride()
      .parseAsync([votes, ...words, '--json'], { from: 'user' });
  await run('--out', out);
  const { principles } = parseConstitution(await readFile(out, 'utf8'), out);
  expect(principles.map(({ text }) => text)).toEqual(['Be kind: always']);
  await expect(run('--out', out)).rejects.toMatchObject({ code: 'usage.exists' });
  await expect(run('--least', '0.99', '--out', join(folder, 'none.yaml'))).rejects.toMatchObject({
    code: 'votes.no-consensus',
  });
});
