import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { Random } from '../../../client/random.ts';
import { EntryError } from '../../../relay/journal/entry.ts';
import { droppedSource } from '../../../relay/verify/dropped/dropped-source.ts';
import { folderSource } from '../../../relay/verify/folder-source.ts';
import type { VerifySource } from '../../../relay/verify/source.ts';
import { droppedFiles } from '../../support/relay/planted/planted-sources.ts';
import { places, reportOf, writeRun } from '../../support/relay/written-run.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

async function entriesOf(source: VerifySource) {
  const entries = [];
  for await (const entry of source.journal()) entries.push(entry);
  return entries;
}

test('a page reads the entries of a closed journal, and those in the log of a running relay', async () => {
  const folder = temporaryFolder();
  const run = await writeRun(folder);
  const running = temporaryFolder();
  cpSync(folder, running, { recursive: true });
  await run.close();
  expect(readFileSync(`${running}/journal.sqlite-wal`).length).toBeGreaterThan(0);
  for (const place of [folder, running]) {
    const [dropped, own] = [droppedSource(droppedFiles(place)), folderSource(place)];
    expect(await entriesOf(dropped)).toEqual(await entriesOf(own));
    expect(await dropped.committed()).toBe(2);
    expect(await reportOf(dropped)).toEqual(await reportOf(own));
  }
});

test('a damaged byte of a journal never gives entries that SQLite does not give', async () => {
  const folder = temporaryFolder();
  await (await writeRun(folder)).close();
  const path = `${folder}/journal.sqlite`;
  const whole = readFileSync(path);
  const random = Random.seeded(21);
  const intact = await entriesOf(folderSource(folder));
  for (let tries = 0; tries < 150; tries++) {
    const bytes = Buffer.from(whole);
    const at = random.below(bytes.length);
    bytes[at] = (bytes[at] ?? 0) ^ (1 + random.below(255));
    const dropped = droppedSource([{ path: 'journal.sqlite', file: new Blob([bytes]) }]);
    const read = await entriesOf(dropped).catch((error: unknown) => error);
    if (read instanceof Error) expect(read, `${at}`).toBeInstanceOf(EntryError);
    else {
      writeFileSync(path, bytes);
      const own = await entriesOf(folderSource(folder)).catch(() => intact);
      expect(read, `${at}`).toEqual(own);
    }
  }
});

test('a log that was cut off gives the entries up to its last whole commit, and a folder without a run is told of', async () => {
  const folder = temporaryFolder();
  const run = await writeRun(folder);
  const files = droppedFiles(folder, 'relay');
  await run.close();
  const all = await entriesOf(droppedSource(files));
  for (const share of [0.99, 0.5]) {
    const cut = files.map((each) =>
      each.path.endsWith('-wal') ? { ...each, file: each.file.slice(0, share * each.file.size) } : each,
    );
    const read = await entriesOf(droppedSource(cut));
    expect(read.length).toBeGreaterThan(0);
    expect(read.length).toBeLessThan(all.length);
    expect(read).toEqual(all.slice(0, read.length));
  }
  expect(() => droppedSource([{ path: 'a/b.txt', file: new Blob() }])).toThrow(
    expect.objectContaining({ code: 'run.missing' }),
  );
  const notADatabase = droppedSource([{ path: 'journal.sqlite', file: new Blob(['x']) }]);
  expect(places((await reportOf(notADatabase)).problems)).toContain('journal entry 1, row');
});
