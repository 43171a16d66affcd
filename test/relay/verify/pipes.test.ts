import { execFileSync } from 'node:child_process';
import { cpSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { folderSource } from '../../../relay/verify/folder-source.ts';
import { places, reportOf, writeRun } from '../../support/relay/written-run.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

test('a pipe in place of a file of a run is named or refused, and never waited for', async () => {
  const written = temporaryFolder();
  const run = await writeRun(written);
  const { base } = run.current();
  await run.close();
  const blob = join('blobs', base.slice(0, 2), base);
  const partial = join('partial', readdirSync(join(written, 'partial'))[0] ?? '');
  const verify = async (name: string) => {
    const folder = temporaryFolder();
    cpSync(written, folder, { recursive: true });
    rmSync(join(folder, name));
    execFileSync('mkfifo', [join(folder, name)]);
    return reportOf(folderSource(folder));
  };
  await expect(verify('journal.sqlite')).rejects.toMatchObject({ code: 'run.missing' });
  expect(places((await verify(blob)).problems)).toContain(blob);
  expect(places((await verify(partial)).problems)).toContain(partial);
  await verify('relay.key');
});
