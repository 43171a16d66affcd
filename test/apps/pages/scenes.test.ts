import { readFile } from 'node:fs/promises';
import type { Page } from 'playwright';
import { expect, test } from 'vitest';
import { sceneWords as arabic } from '../../../apps/ui/words/arabic/scene-words.ts';
import { inaccessible } from '../../support/pages/accessible.ts';
import { scriptedStatus } from '../../support/pages/scenarios.ts';
import { scriptedPages } from '../../support/pages/scripted-pages.ts';

const pages = scriptedPages();

/** The presentation of a run with 8 corpora, on a screen of this size. */
async function present(width: number, height: number) {
  const status = scriptedStatus({ rounds: 40, done: 13, nodes: 40, corpusCount: 8, now: Date.now() });
  const opened = await pages.open('/dashboard#token=warp-and-weft', {
    ...{ status: { ...status, speech: 1 }, width, height, reducedMotion: 'reduce' },
  });
  await opened.page.getByRole('button', { name: 'Present' }).press('Enter');
  return opened;
}

const scenes = ['Join', 'Weave', 'Learn', 'Speak', 'Thanks'] as const;

/** The sizes in px of the texts of the scene, or of the open round, that are meant to be read. */
const sizes = (page: Page, part = '.stage') =>
  page.evaluate(
    (part) =>
      [...document.querySelectorAll(`${part} *`)].flatMap((element) => {
        const says = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent?.trim());
        const isShown = element.closest('.visually-hidden') === null;
        return says && isShown ? [Number.parseFloat(getComputedStyle(element).fontSize)] : [];
      }),
    part,
  );

const overflow = (page: Page) =>
  page.evaluate(() => {
    const { scrollWidth, clientWidth, scrollHeight, clientHeight } = document.documentElement;
    return [scrollWidth - clientWidth, scrollHeight - clientHeight];
  });

test('on a wall, each scene is one screen of large text, reached by keys', async () => {
  const { page, problems } = await present(1920, 1080);
  for (const [at, name] of scenes.entries()) {
    await page.keyboard.press(String(at + 1));
    await page.getByRole('region', { name, exact: true }).waitFor();
    if (name === 'Speak') await page.getByText('after round 20').waitFor();
    expect(Math.min(...(await sizes(page))), name).toBeGreaterThanOrEqual(42);
    expect(await overflow(page), name).toEqual([0, 0]);
    expect(await inaccessible(page), name).toEqual([]);
  }
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Save the picture' }).press('Enter'),
  ]);
  expect(download.suggestedFilename()).toMatch(/^tapestry-[0-9a-f]{16}\.svg$/);
  expect(await readFile(await download.path(), 'utf8')).toContain('>Baltic</text>');
  await page.keyboard.press('1');
  const code = await page.getByRole('img', { name: /QR code of .*token=warp-and-weft/ }).boundingBox();
  expect(code?.height).toBeGreaterThanOrEqual(1080 / 3);
  await page.keyboard.press('PageDown');
  await page.getByRole('region', { name: 'Weave' }).waitFor();

  // The cloth opens its rounds, by keys that do not change the scene.
  const cloth = page.getByRole('slider', { name: /^Committed rounds/ });
  await cloth.press('ArrowLeft');
  await cloth.press('Enter');
  const round = page.getByRole('dialog', { name: 'Round 12 of 40' });
  await round.getByRole('rowheader').first().waitFor();
  expect(await round.getByRole('rowheader').count()).toBe(40);
  expect(new URL(page.url()).hash).toBe('#token=warp-and-weft&round=12');
  expect(Math.min(...(await sizes(page, '.opened-round')))).toBeGreaterThanOrEqual(42);
  expect(await inaccessible(page)).toEqual([]);
  await page.keyboard.press('3');
  await page.keyboard.press('Escape');
  await round.waitFor({ state: 'detached' });
  expect(new URL(page.url()).hash).toBe('#token=warp-and-weft');
  await page.getByRole('region', { name: 'Weave' }).waitFor();

  // A prompt is typed without that its letters act.
  await page.keyboard.press('4');
  await page.getByText('What the wind says').waitFor();
  await page.getByLabel('Your prompt').pressSequentially('5 sheep');
  await page.keyboard.press('Enter');
  await page.getByText('Sent. It is shown when its turn comes.').waitFor();
  await page.getByRole('combobox', { name: 'Or let a corpus begin' }).selectOption('Romance');
  await page.getByRole('button', { name: 'Weave', exact: true }).press('Enter');
  await page.getByRole('region', { name: 'Weave' }).waitFor();

  await page.getByRole('button', { name: 'Switch the letter keys off' }).press('Enter');
  await page.keyboard.press('3');
  await page.keyboard.press('ArrowRight');
  await page.getByRole('region', { name: 'Learn' }).waitFor();
  await page.keyboard.press('5');
  await page.keyboard.press('ArrowLeft');
  await page.getByRole('region', { name: 'Weave' }).waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('heading', { name: 'Together' }).waitFor();
  expect(problems).toEqual([]);
});

test('on a phone, in the dark, each scene fits the width', async () => {
  const { page, problems } = await present(390, 844);
  await page.emulateMedia({ colorScheme: 'dark' });
  for (const name of scenes) {
    await page.getByRole('button', { name, exact: true }).click();
    await page.getByRole('region', { name, exact: true }).waitFor();
    if (name === 'Speak') await page.getByText('after round 20').waitFor();
    expect((await overflow(page))[0], name).toBe(0);
  }
  expect(await inaccessible(page)).toEqual([]);

  // A link leads to a round, and Back closes the next one that was opened by a click on the cloth.
  await page.goto(`${page.url()}&round=3`);
  await page.reload();
  await page.getByRole('dialog', { name: 'Round 3 of 40' }).getByRole('rowheader').first().waitFor();
  expect((await overflow(page))[0]).toBe(0);
  await page.getByRole('button', { name: 'Close' }).click();
  const box = await page.getByRole('slider', { name: /^Committed rounds/ }).boundingBox();
  await page.mouse.click((box?.x ?? 0) + (box?.width ?? 0) * (6.5 / 40), (box?.y ?? 0) + 10);
  await page.getByRole('dialog', { name: 'Round 7 of 40' }).waitFor();
  await page.goBack();
  await expect.poll(() => page.getByRole('dialog').count()).toBe(0);

  await page.keyboard.press('Escape');
  await page.getByLabel('Language', { exact: true }).selectOption('ar');
  await page.getByRole('button', { name: arabic.open }).click();
  for (const name of Object.values(arabic.names)) {
    await page.getByRole('button', { name, exact: true }).click();
    await page.getByRole('region', { name, exact: true }).waitFor();
    expect((await overflow(page))[0], name).toBe(0);
    expect(await inaccessible(page), name).toEqual([]);
  }
  expect(problems).toEqual([]);

  // A language that cannot be loaded leaves the old one.
  await page.route('**/assets/**', (route) => route.abort());
  const languageSwitch = page.locator('.language select');
  await languageSwitch.selectOption('fr');
  await page.getByRole('alert').filter({ hasText: 'Français' }).waitFor();
  expect(await languageSwitch.inputValue()).toBe('ar');
  expect(await page.locator('html').getAttribute('lang')).toBe('ar');
  expect((await overflow(page))[0]).toBe(0);
  expect(await inaccessible(page)).toEqual([]);
});
