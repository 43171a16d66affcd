import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { DataJournal } from '../../../../apps/cli/cards/data-journal.ts';
import { hashOfFile, requireUse } from '../../../../apps/cli/cards/data-use.ts';
import { findCard } from '../../../../apps/cli/cards/find-card.ts';
import { type DataUse, dataUses, encodeCard } from '../../../../client/data/cards/card.ts';
import { type DataEntry, dataJournalFile } from '../../../../client/data/cards/data-entry.ts';

const folder = mkdtempSync(join(tmpdir(), 'tapestry-cards-'));
afterAll(() => rmSync(folder, { recursive: true }));
const hash = (letter: string) => letter.repeat(64);
const revoked = (letter: string): DataEntry => ({
  ...{ event: 'revoked', time: '2026-01-01T00:00:00.000Z', name: letter, hash: hash(letter), reason: null },
});

test('the journal only grows, and goes on after a line that a crash cut', async () => {
  const journal = new DataJournal(join(folder, 'new', 'node'));
  expect(await journal.entries()).toEqual([]);
  await journal.append([revoked('a')]);
  appendFileSync(join(folder, 'new', 'node', dataJournalFile), '{"event":"revo');
  expect(await journal.entries()).toEqual([revoked('a')]);
  await journal.append([revoked('b')]);
  expect(await journal.entries()).toEqual([revoked('a'), revoked('b')]);
  expect(await journal.revoked()).toEqual(new Set([hash('a'), hash('b')]));
});

test('a journal with anything else in it is an error, not an empty journal', async () => {
  writeFileSync(
    join(folder, dataJournalFile),
    `${JSON.stringify({ ...revoked('a'), event: 'unrevoked' })}\n`,
  );
  await expect(new DataJournal(folder).revoked()).rejects.toMatchObject({ code: 'card.journal' });
});

test('the card of a folder covers all files below it, and one that it does not list is an error', async () => {
  const card = {
    category: 'sovereign' as const,
    licence: 'x',
    files: { 'a.txt': hash('a'), 'deep/b.txt': hash('b') },
  };
  writeFileSync(join(folder, 'cards.yaml'), encodeCard(card));
  expect(await findCard(join(folder, 'a.txt'))).toMatchObject({ fileHash: hash('a') });
  expect(await findCard(join(folder, 'deep', 'b.txt'))).toMatchObject({ fileHash: hash('b'), card });
  await expect(findCard(join(folder, 'deep', 'c.txt'))).rejects.toMatchObject({ code: 'card.unlisted' });
  const { files: _, ...own } = card;
  writeFileSync(join(folder, 'a.txt.card.yaml'), encodeCard({ ...own, category: 'open', hash: hash('c') }));
  expect(await findCard(join(folder, 'a.txt'))).toMatchObject({ fileHash: hash('c') });
});

test('a file that is not the one of its card is refused for every use', async () => {
  const file = join(folder, 'songs.txt');
  writeFileSync(file, 'One.');
  const about = { category: 'open' as const, licence: 'CC0-1.0' };
  writeFileSync(`${file}.card.yaml`, encodeCard({ ...about, hash: await hashOfFile(file) }));
  const use = async (what: DataUse) =>
    requireUse({ name: file, hash: await hashOfFile(file) }, what, new Set());
  for (const what of dataUses) expect(await use(what)).toMatchObject({ card: { card: about } });
  writeFileSync(file, 'Two.');
  for (const what of dataUses) await expect(use(what)).rejects.toMatchObject({ code: 'card.mismatch' });
});
