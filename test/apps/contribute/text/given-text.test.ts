import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { inaccessible } from '../../../support/pages/accessible.ts';
import { scriptedPages } from '../../../support/pages/scripted-pages.ts';
import { scriptedWorker } from '../../../support/pages/scripted-relay.ts';
import { drop } from '../../../support/pages/studio-page.ts';

const pages = scriptedPages();

test('a text may be dropped, chosen as a folder or pasted, and an address is not followed', async () => {
  const screen = { width: 1366, height: 768 };
  const { page, problems } = await pages.open('/', { worker: scriptedWorker([]), ...screen });
  const start = page.getByRole('button', { name: /^Start/ });
  await start.waitFor();
  const folder = await mkdtemp(join(tmpdir(), 'book-'));
  await writeFile(join(folder, 'one.txt'), 'one');
  await writeFile(join(folder, '.hidden'), 'hidden');
  await drop(page, { 'notes.md': 'text', 'paper.pdf': '%PDF-1.7' });
  await page.getByText('2 files, 12 bytes: notes.md, paper.pdf.').waitFor();
  await page.getByText('paper.pdf is a PDF document.').waitFor();
  await page.getByLabel('Choose a folder').setInputFiles(folder);
  await page.getByText('1 file, 3 bytes: one.txt.').waitFor();
  await rm(folder, { recursive: true });

  await page.reload();
  await page.getByText('Choose these files again: one.txt.').waitFor();
  await page.getByText('Choose at least one file, or paste a text.').waitFor();
  await page.getByLabel('Or paste a text').fill('https://example.org/book');
  await page.getByText('This is an address.').waitFor();
  expect(await start.isDisabled()).toBe(true);
  await page.getByLabel('Or paste a text').fill('Call me Ishmael.');
  await page.getByText('2.05 MB of text can be used').waitFor();
  expect(await start.isDisabled()).toBe(false);
  await page.setViewportSize({ width: 390, height: 664 });
  expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth')).toBe(0);
  expect(await inaccessible(page)).toEqual([]);
  await page.reload();
  await page.getByText('Paste the text again.').waitFor();
  expect(await page.getByLabel('Or paste a text').inputValue()).toBe('');
  expect(problems).toEqual([]);
});
