import { readFile } from 'node:fs/promises';
import type { Browser, Locator, Page } from 'playwright';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { newRun } from '../../../../apps/cli/run/new-run.ts';
import { launchBrowser } from '../../../../bench/browser.ts';
import { systemClock } from '../../../../relay/run/clock.ts';
import { receiptsIn } from '../../../../relay/wire/evidence/receipt.ts';
import { expectFocus, focusOf } from '../../../support/pages/focus.ts';
import { reach } from '../../../support/pages/studio-page.ts';
import { openWatched } from '../../../support/pages/watched-page.ts';
import { start } from '../../../support/relay/stage.ts';
import { type Built, built } from '../../../system/built.ts';

let build: Built;
let browser: Browser;

beforeAll(async () => {
  build = await built();
  browser = await launchBrowser('swiftshader');
});

afterAll(() => browser.close());

// A relay keeps three bases: rounds are so long that the two to compare are still there when a busy machine reads them.
const create = newRun({
  ...{ name: 'By keys', preset: 'nano', rounds: 1000, steps: 8, batch: 1, corpora: ['Baltic', 'Celtic'] },
  ...{ quorum: 1, deadlineMs: 3_600_000, graceMs: 1000, maxNodes: 4, readers: 'anyone', seed: 1 },
  created: 1_700_000_000_000,
});

/** Goes to a control by Tab, whose every stop a person sees, and presses Enter. */
async function press(page: Page, control: Locator): Promise<void> {
  await reach(page, control, expectFocus);
  await page.keyboard.press('Enter');
}

const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });

test('the whole path is walked with the keyboard alone, and the focus is always in sight', async () => {
  const relay = await start({ pages: build.pages, token: 'loom', create, clock: systemClock });
  const { page, problems, close } = await openWatched(browser, {
    viewport: { width: 1366, height: 768 },
    permissions: ['clipboard-read', 'clipboard-write'],
  });
  onTestFinished(close);
  // Asked for long before the key: the browser may open its own chooser while it is being told to leave that to the test.
  const chooser = page.waitForEvent('filechooser');
  await page.goto(relay.url.href);
  await page.getByText('software').first().waitFor();
  const paste = 'Call me Ishmael. Some years ago, never mind how long precisely. '.repeat(60);
  await page.evaluate((text) => navigator.clipboard.writeText(text), paste);

  // The text, the token, and Start.
  await page.keyboard.press('Tab');
  expect(await expectFocus(page)).toBe('Skip to the main content');
  await page.keyboard.press('Enter');
  await page.keyboard.press('Tab');
  expect(await expectFocus(page)).toBe('A built-in corpus');
  await page.keyboard.press('ArrowRight');
  expect(await expectFocus(page)).toBe('Your own files');
  await reach(page, page.getByLabel('Files', { exact: true }), expectFocus);
  await page.keyboard.press('Enter');
  const buffer = Buffer.from('It was the best of times, it was the worst of times. '.repeat(60));
  await (await chooser).setFiles([{ name: 'times.txt', mimeType: 'text/plain', buffer }]);
  await reach(page, page.getByLabel('Or paste a text'), expectFocus);
  await page.keyboard.press('Control+V');
  await page.getByText(/of text can be used/).waitFor();
  await page.getByText('This relay requires a join token.').waitFor();
  await reach(page, page.getByLabel('Join token'), expectFocus);
  await page.keyboard.type('loom');
  await press(page, button(page, 'Start'));
  await expect.poll(() => relay.status().history.length).toBeGreaterThanOrEqual(2);
  expect(await expectFocus(page)).toBe('Pause');

  // What was sent is opened and attacked.
  await press(page, button(page, 'Open Chunk: the delta, encoded'));
  const envelope = page.getByRole('dialog');
  await envelope.getByText('Tokens that the attack names').waitFor();
  expect(await expectFocus(page)).toBe('Close');
  // A page down glides: pressed before its end, Tab would scroll to its stop and the glide would scroll away from it.
  await page.keyboard.press('PageDown');
  let before = 0;
  await expect
    .poll(async () => {
      const [last, now] = [before, await envelope.evaluate((dialog) => dialog.scrollTop)];
      before = now;
      return now > 0 && now === last;
    })
    .toBe(true);
  await page.keyboard.press('Tab');
  expect(await expectFocus(page)).toBe('Message');
  await page.keyboard.press('Escape');
  expect(await expectFocus(page)).toBe('Open Chunk: the delta, encoded');

  // The base writes, and training pauses and goes on.
  await reach(page, page.getByLabel('Begin with'), expectFocus);
  await page.keyboard.press('Control+A');
  await page.keyboard.type('Call me ');
  await press(page, button(page, 'Write'));
  await page.getByText('The texts are whole.').waitFor({ state: 'attached' });
  expect(await expectFocus(page)).toBe('Write');
  for (const text of await page.locator('.draft .text').allTextContents()) expect(text).toMatch(/^Call me /);
  await press(page, button(page, 'Pause'));
  await page.locator('#state', { hasText: 'Paused' }).waitFor();
  expect(await expectFocus(page)).toBe('Resume');

  // Receipts, while paused; the base as files, after the end.
  await reach(page, button(page, 'Download your receipts'), expectFocus);
  const [receipts] = await Promise.all([page.waitForEvent('download'), page.keyboard.press('Enter')]);
  expect(receiptsIn(await readFile(await receipts.path())).length).toBeGreaterThanOrEqual(2);
  expect(await expectFocus(page)).toBe('Download your receipts');
  await press(page, button(page, 'Resume'));
  await page.locator('#state', { hasText: /Training|Sending/ }).waitFor();
  await press(page, button(page, 'Finish'));
  await page.getByText('Finished. Thank you.').waitFor();
  await expectFocus(page);
  await press(page, button(page, 'Prepare the files'));
  const links = page.getByRole('list', { name: 'Files' }).getByRole('link');
  await links.first().waitFor();
  await expectFocus(page);
  for (const link of await links.all()) {
    await reach(page, link, expectFocus);
    const [file] = await Promise.all([page.waitForEvent('download'), page.keyboard.press('Enter')]);
    expect((await readFile(await file.path())).length).toBeGreaterThan(0);
  }

  // Another language, and out.
  await reach(page, page.getByLabel('Language', { exact: true }), expectFocus);
  await page.keyboard.type('Deutsch');
  await page.locator('html[lang="de"]').waitFor();
  expect(await expectFocus(page)).toBe('Sprache');
  await press(page, page.locator('a[href="dashboard"]'));
  await page.waitForURL('**/dashboard');
  await page.locator('.dashboard').waitFor();
  expect((await focusOf(page)).name).toBe('nothing');
  expect(problems).toEqual([]);
});
