import type { Page } from 'playwright';
import { expect, test } from 'vitest';
import { chooseOwnFiles } from '../../../support/pages/own-files.ts';
import { scriptedStatus } from '../../../support/pages/scenarios.ts';
import { screens } from '../../../support/pages/screens.ts';
import { scriptedEvents } from '../../../support/pages/scripted-events.ts';
import { emit, running, scriptedPages } from '../../../support/pages/scripted-pages.ts';
import { scriptedWorker } from '../../../support/pages/scripted-relay.ts';
import { leastTextSize, textSizes } from '../../../support/pages/text-sizes.ts';

const pages = scriptedPages();
const now = Date.now();

/** Expects that no text is too small on any screen, and that the page fits its width. */
async function expectReadable(page: Page, state: string): Promise<void> {
  for (const [width, height] of screens) {
    await page.setViewportSize({ width, height });
    const texts = await textSizes(page);
    const on = `${state}, ${width} px`;
    expect(texts.length, on).toBeGreaterThan(10);
    expect(
      texts.filter(({ size }) => size < leastTextSize),
      on,
    ).toEqual([]);
    expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth'), on).toBe(0);
  }
}

test('no text of the page that contributes is too small, in any state and on any screen', async () => {
  const { page, relay } = await pages.open('/', { worker: scriptedWorker([]), reducedMotion: 'reduce' });
  await page.getByText('NVIDIA GeForce RTX 4070').waitFor();
  await page.getByText('When you are away').click();
  await page.getByText('A delta can still reveal parts of your text').click();
  await expectReadable(page, 'ready');
  await chooseOwnFiles(page);
  await expectReadable(page, 'own files');
  await page
    .locator('#files')
    .setInputFiles([{ name: 'paper.pdf', mimeType: 'application/pdf', buffer: Buffer.from('%PDF-1.7') }]);
  await page.getByText('paper.pdf is a PDF document.').waitFor();
  await expectReadable(page, 'a refused file');
  await chooseOwnFiles(page);
  await page.getByRole('button', { name: /^Start/ }).click();
  const events = scriptedEvents(1);
  for (const event of events.slice(0, 5)) await emit(page, event);
  await page.getByRole('list', { name: 'Steps of the start' }).waitFor();
  await expectReadable(page, 'the steps of the start');
  for (const event of events.slice(5)) await emit(page, event);
  await page.getByText('Round 2 of 20, step 23 of 50').waitFor();
  await expectReadable(page, 'training');
  const lost = { code: 'relay.unreachable', message: 'No answer.', next: 'Wait.', attempt: 2 } as const;
  await emit(page, { event: 'retry', ...lost, milliseconds: 600_000 });
  await page.getByText('Connection lost').waitFor();
  await expectReadable(page, 'the connection is lost');
  await page.getByLabel('Language', { exact: true }).selectOption('de');
  await emit(page, { event: 'failed', ...lost, code: 'relay.bad-token', evidence: [] });
  await page.getByRole('alert').waitFor();
  await expectReadable(page, 'a problem with words of its own in small');
  await page.locator('.language select').selectOption('en');
  relay.show(scriptedStatus({ rounds: 20, done: 20, nodes: 0, now }));
  await page.getByRole('button', { name: 'Prepare the files' }).waitFor();
  await expectReadable(page, 'the end');
});

test('no text of the page for a device without a GPU is too small', async () => {
  const { page } = await pages.open('/', { reducedMotion: 'reduce' });
  await page.getByRole('heading', { name: 'The browser found no GPU that it can use' }).waitFor();
  await expectReadable(page, 'without a GPU');
});

test('no text of the dashboard is too small, in any state and on any screen', async () => {
  const empty = scriptedStatus({ rounds: 20, done: 0, nodes: 0, now });
  const full = scriptedStatus({ rounds: 40, done: 13, nodes: 40, corpusCount: 8, now });
  const { page, relay } = await pages.open('/dashboard#presenter=one', { reducedMotion: 'reduce' });
  const complete = scriptedStatus({ rounds: 20, done: 20, nodes: 0, now });
  for (const [state, status, sign] of [
    ['running', running, '.dashboard:has(.node:nth-child(3):last-child)'],
    ['empty', empty, '.dashboard[data-stage="empty"]'],
    ['full', full, '.dashboard:has(.node:nth-child(24))'],
    ['complete', complete, '.dashboard[data-stage="complete"]'],
  ] as const) {
    relay.show(status);
    await page.locator(sign).waitFor();
    await expectReadable(page, state);
  }
  relay.show(running);
  await page.getByText('Bantu').first().waitFor();
  relay.show(null);
  await page.getByRole('alert').filter({ hasText: 'Out of date' }).waitFor();
  await expectReadable(page, 'out of date');
});
