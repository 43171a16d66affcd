import type { Browser, BrowserContextOptions } from 'playwright';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { invitation } from '../../../apps/cli/run/invitation.ts';
import { type LanguageTag, languages, languageTags } from '../../../apps/ui/words/languages.ts';
import { warningPages } from '../../../apps/warning/warning-page.ts';
import { words } from '../../../apps/warning/words.ts';
import { launchBrowser } from '../../../bench/browser.ts';
import { systemClock } from '../../../relay/run/clock.ts';
import { inaccessible, overflowOf } from '../../support/pages/accessible.ts';
import { openWatched } from '../../support/pages/watched-page.ts';
import { start } from '../../support/relay/stage.ts';
import { type Built, built, runTapestry } from '../../system/built.ts';

const token = 'warp-and-weft';
let build: Built;
let browser: Browser;

beforeAll(async () => {
  build = await built();
  browser = await launchBrowser('none');
});

afterAll(() => browser.close());

async function relay() {
  return start({ pages: build.pages, tls: 'auto', plainPages: warningPages, token, clock: systemClock });
}

async function visit(address: string, options: BrowserContextOptions) {
  const opened = await openWatched(browser, options);
  onTestFinished(opened.close);
  await opened.page.goto(address);
  return opened;
}

test('the link leads to the page, which leads to the relay with the token', async () => {
  const { fact } = invitation(await relay(), '127.0.0.1', token);
  expect(fact.link).toMatch(/^http:/);
  const { page } = await visit(fact.link, { locale: 'en-GB', ignoreHTTPSErrors: true });
  const said = page.locator('main > :visible').getByText(fact.fingerprintWords ?? 'none', { exact: true });
  await said.waitFor();
  const go = page.getByRole('link', { name: words.en.go });
  expect(await go.getAttribute('href')).toBe(fact.link.replace('http:', 'https:'));
  await go.press('Enter');
  await page.waitForURL(fact.link.replace('http:', 'https:'));

  const info = await runTapestry(build, ['info', fact.link]);
  expect(info.stdout).toContain(`certificate: ${fact.fingerprintWords}`);
});

test('path, query and fragment stay, under whatever name the relay was opened', async () => {
  const { entryUrl } = await relay();
  const address = `http://localhost:${entryUrl.port}/dashboard?a=b&c#token=x%20y&z`;
  const { page } = await visit(address, {});
  expect(await page.locator('a.go:visible').getAttribute('href')).toBe(address.replace('http:', 'https:'));
});

test.each([
  ...languageTags.map((tag) => ({ tag, width: 390, colorScheme: 'light' as const })),
  { tag: 'de' as const, width: 320, colorScheme: 'dark' as const },
  { tag: 'ar' as const, width: 1366, colorScheme: 'dark' as const },
])('in $tag, $width pixels wide and $colorScheme, the page is readable by all', async (view) => {
  const { tag, width, colorScheme } = view;
  const { entryUrl } = await relay();
  const options = { viewport: { width, height: 844 }, colorScheme, locale: tag };
  const { page, problems } = await visit(entryUrl.href, options);
  await page.getByRole('heading', { level: 1, name: words[tag].title }).waitFor();
  expect(await page.locator('main > :visible').count()).toBe(1);
  expect(
    await page.locator('main > :visible').evaluate((section) => getComputedStyle(section).direction),
  ).toBe(languages[tag].direction);
  await page.locator('summary:visible').press('Enter');
  expect(await overflowOf(page)).toBe(0);
  expect(await inaccessible(page)).toEqual([]);
  expect(problems).toEqual([]);
});

test.each([true, false])(
  'the language is switched by keys and keeps the address, with scripts: %s',
  async (on) => {
    const { entryUrl } = await relay();
    const address = `${entryUrl.href}#token=${token}`;
    const { page } = await visit(address, { locale: 'en', javaScriptEnabled: on });
    const choose = async (tag: LanguageTag) => {
      await page.getByRole('radio', { name: languages[tag].name }).press('Space');
      await page.getByRole('heading', { level: 1, name: words[tag].title }).waitFor();
    };
    await choose('fr');
    await choose('ar');
    expect(page.url()).toBe(address);
    expect(await page.getByText(words.ar.byHand).isVisible()).toBe(!on);
    expect(await page.locator('a.go').filter({ hasText: words.ar.go }).isVisible()).toBe(on);
  },
);
