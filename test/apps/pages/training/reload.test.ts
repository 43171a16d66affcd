import type { Browser, Page } from 'playwright';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchBrowser } from '../../../../bench/browser.ts';
import { Stage, tinyRun } from '../../../support/contribute/harness.ts';
import { storedSteps } from '../../../support/pages/stored-round.ts';
import { openWatched } from '../../../support/pages/watched-page.ts';
import { type Built, built } from '../../../system/built.ts';

const stage = new Stage();
/** At a tenth of the power, a round lasts longer than the time after which a snapshot is stored. */
const steps = 400;
let build: Built;
let browser: Browser;

beforeAll(async () => {
  build = await built();
  browser = await launchBrowser('swiftshader');
});
afterAll(async () => {
  await browser.close();
  await stage.close();
});

const power = (page: Page) => page.getByRole('slider', { name: 'Power' });
const start = (page: Page) => page.getByRole('button', { name: 'Start' }).click();

/** The step after which the page says that its round goes on. */
async function resumedAt(page: Page): Promise<number> {
  const notice = page.getByText(/^Round 1 goes on after step \d+, where this browser stored it\./);
  await notice.waitFor();
  return Number(/after step (\d+)/.exec((await notice.textContent()) ?? '')?.[1]);
}

test('a reload in the middle of a round goes on where the round was stored, and each step is contributed once', async () => {
  const tiny = tinyRun({ rounds: 1, localSteps: steps, quorum: 1, target: 1 });
  const create = { ...tiny, manifest: { ...tiny.manifest, corpora: ['even', 'Celtic'] } };
  const relay = await stage.relay({ folder: await stage.folder(), create, pages: build.pages });
  const { page, problems, close } = await openWatched(browser);
  page.on('dialog', (dialog) => dialog.accept());
  const stored = () => storedSteps(page, relay.runId);
  await page.goto(relay.url.href);
  await page.getByLabel('Corpus', { exact: true }).selectOption('Celtic');
  await power(page).fill('10');
  await start(page);

  // Nobody asks for this one: a browser that crashed now would go on from it.
  await expect.poll(stored, { timeout: 300_000 }).toBeGreaterThan(0);
  const unasked = (await stored()) ?? 0;
  await page.reload();
  const atReload = (await stored()) ?? 0;
  expect(atReload).toBeGreaterThanOrEqual(unasked);
  await start(page);
  expect(await resumedAt(page)).toBe(atReload);

  // A paused round is stored at its last step, so that a reload loses none.
  const reported = () => relay.status().nodes[0];
  await expect.poll(() => reported()?.steps, { timeout: 120_000 }).toBeGreaterThan(atReload);
  await page.getByRole('button', { name: 'Pause', exact: true }).click();
  await expect.poll(() => reported()?.state, { timeout: 120_000 }).toBe('paused');
  await expect.poll(async () => (await stored()) === reported()?.steps, { timeout: 120_000 }).toBe(true);
  const atPause = (await stored()) ?? 0;
  expect(atPause).toBeGreaterThan(atReload);
  await page.reload();
  expect(await stored()).toBe(atPause);
  await power(page).fill('100');
  await start(page);
  expect(await resumedAt(page)).toBe(atPause);

  await page.getByText('The run is complete. Thank you.').waitFor();
  const { totals, history } = relay.status();
  expect(totals).toMatchObject({ contributions: 1, refusals: 0 });
  expect(history).toMatchObject([{ round: 1, contributions: 1, tokens: steps * 32 }]);
  await expect.poll(stored).toBeNull();
  expect(problems).toEqual([]);
  await close();
});
