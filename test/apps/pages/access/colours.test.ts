import type { Page } from 'playwright';
import { expect, test } from 'vitest';
import { inaccessible } from '../../../support/pages/accessible.ts';
import { scriptedStatus } from '../../../support/pages/scenarios.ts';
import { scriptedEvents } from '../../../support/pages/scripted-events.ts';
import { scriptedPages } from '../../../support/pages/scripted-pages.ts';
import { scriptedWorker } from '../../../support/pages/scripted-relay.ts';

const pages = scriptedPages();
const full = scriptedStatus({ rounds: 40, done: 13, nodes: 12, corpusCount: 8, now: Date.now() });

/** Expects no problem by axe's rules on the page as it is: in dark colours, then in forced ones, each also from right to left. */
async function expectAccessible(page: Page): Promise<void> {
  for (const tag of ['en', 'ar']) {
    await page.locator('.language select').selectOption(tag);
    await page.locator(`html[lang="${tag}"]`).waitFor();
    for (const [colours, media] of [
      ['dark', { colorScheme: 'dark', forcedColors: 'none' }],
      ['forced', { colorScheme: 'light', forcedColors: 'active' }],
    ] as const) {
      await page.emulateMedia(media);
      expect(await inaccessible(page), `${colours}, ${tag}`).toEqual([]);
    }
  }
}

test.each([
  ['/dashboard', '.node:nth-child(12)'],
  ['/', '.gpu-name'],
  ['/audit', 'h1'],
])(
  '%s is accessible in dark and in forced colours, from left to right and from right to left',
  async (path, sign) => {
    const worker = scriptedWorker(scriptedEvents(1));
    const { page } = await pages.open(path, { worker, status: full, reducedMotion: 'reduce' });
    await page.locator(sign).waitFor();
    if (path === '/') {
      await page.getByRole('button', { name: 'Start' }).click();
      await page.getByText('Round 2 of 20, step 23 of 50').waitFor();
    }
    await expectAccessible(page);
  },
);
