import { expect, test } from 'vitest';
import { languageTags } from '../../../../apps/ui/words/languages.ts';
import { chooseOwnFiles } from '../../../support/pages/own-files.ts';
import { screens } from '../../../support/pages/screens.ts';
import { scriptedPages } from '../../../support/pages/scripted-pages.ts';
import { scriptedWorker } from '../../../support/pages/scripted-relay.ts';
import { shown } from '../../../support/pages/watched-page.ts';

const pages = scriptedPages();

test('Start is in the first viewport of every screen in every language, also with five files of long names', async () => {
  const worker = scriptedWorker([]).replace('tokenNeeded: false', 'tokenNeeded: true');
  const { page, problems } = await pages.open('/#token=loom', { worker });
  await page.getByText('NVIDIA GeForce RTX 4070').waitFor();
  const start = page.locator('.actions .primary');
  for (const tag of languageTags) {
    await page.locator('.language select').selectOption(tag);
    await page.locator(`html[lang="${tag}"]`).waitFor();
    await page.locator('input[name="source"]').first().check();
    for (const own of [false, true]) {
      if (own) await chooseOwnFiles(page);
      expect(await start.isEnabled()).toBe(true);
      for (const [width, height] of screens) {
        await page.setViewportSize({ width, height });
        const on = `${tag}, ${width} x ${height}, ${own ? 'own files' : 'a corpus'}`;
        expect(await page.evaluate('scrollY'), on).toBe(0);
        expect(await shown(page, '.actions .primary'), on).toBe(1);
        // Nothing lies over it, and none of its text is cut off.
        const isOnTop = await start.evaluate((button) => {
          const { left, top, width, height } = button.getBoundingClientRect();
          const over = document.elementFromPoint(left + width / 2, top + height / 2);
          return over === button && button.scrollWidth <= button.clientWidth;
        });
        expect(isOnTop, on).toBe(true);
        expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth'), on).toBe(0);
      }
    }
  }
  expect(problems).toEqual([]);
});
