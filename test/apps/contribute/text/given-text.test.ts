import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { launchBrowser } from '../../../../bench/browser.ts';
import { built } from '../../../system/built.ts';
import { scriptedStatus } from '../../pages/scenarios.ts';
import { scriptedWorker, startScriptedRelay } from '../../pages/scripted-relay.ts';
import { drop } from '../../pages/studio-page.ts';
import { inaccessible, openWatched } from '../../pages/watched-page.ts';

let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser('none');
});
afterAll(() => browser.close());

test('a text may be dropped, chosen as a folder or pasted, and an address is not followed', async () => {
  const build = await built();
  const relay = await startScriptedRelay(build.pages, scriptedWorker([]));
  onTestFinished(relay.close);
  relay.show(scriptedStatus({ rounds: 20, done: 7, nodes: 3, now: Date.now() }));
  const { page, problems, close } = await openWatched(browser, { viewport: { width: 1366, height: 768 } });
  onTestFinished(close);
  await page.goto(relay.url);
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
