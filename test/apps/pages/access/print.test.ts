import { expect, test } from 'vitest';
import { scriptedStatus } from '../../../support/pages/scenarios.ts';
import { scriptedPages } from '../../../support/pages/scripted-pages.ts';
import { coloursOf } from '../../../support/pages/watched-page.ts';

const pages = scriptedPages();

test('the thanks are printed as the cloth in its dyes and ink on white, also from a dark screen', async () => {
  const status = scriptedStatus({ rounds: 20, done: 20, nodes: 9, corpusCount: 8, now: Date.now() });
  const { page } = await pages.open('/dashboard', {
    ...{ status, width: 1366, height: 768, colorScheme: 'dark', reducedMotion: 'reduce' },
  });
  await page.getByRole('button', { name: 'Present' }).press('Enter');
  await page.getByRole('region', { name: 'Thanks' }).waitFor();
  const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const dark = await background();
  expect(dark).not.toBe('rgb(255, 255, 255)');
  for (const theme of ['system', 'dark']) {
    await page.evaluate((name) => document.documentElement.setAttribute('data-theme', name), theme);
    await page.emulateMedia({ media: 'print' });
    expect(await background()).toBe('rgb(255, 255, 255)');
    // Paper, weft, and eight dyes.
    expect(await coloursOf(page, '.cloth')).toBeGreaterThanOrEqual(10);
    for (const name of ['Baltic', 'Romance']) await page.locator('.corpora').getByText(name).waitFor();
    for (const left of ['.masthead', '.scene-names', '.scene .button'])
      expect(await page.locator(left).first().isVisible(), left).toBe(false);
    const ink = await page.locator('.stage').evaluate((stage) => getComputedStyle(stage).color);
    expect(ink).toBe('rgb(27, 34, 50)');
    const pdf = (await page.pdf({ format: 'A4', landscape: true })).toString('latin1');
    expect(pdf.match(/\/Type\s*\/Page\b/g)).toHaveLength(1);
    await page.emulateMedia({ media: 'screen' });
    expect(await background()).toBe(dark);
  }
});
