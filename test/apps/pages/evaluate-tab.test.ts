import type { Browser } from 'playwright';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { launchBrowser } from '../../../bench/browser.ts';
import { freePort } from '../../support/free-port.ts';
import { inaccessible, inaccessibleInBothColours, overflowOf } from '../../support/pages/accessible.ts';
import { countedWakeLocks } from '../../support/pages/wake-locks.ts';
import { openWatched } from '../../support/pages/watched-page.ts';
import { contributeRound, evaluatedRelay, evaluatedRun } from '../../support/relay/quality/evaluated-run.ts';
import { get, journal, until } from '../../support/relay/stage.ts';
import { type Built, built } from '../../system/built.ts';

let build: Built;
let browser: Browser;
beforeAll(async () => {
  build = await built();
  browser = await launchBrowser('swiftshader');
});
afterAll(() => browser.close());

test('a tab shows its key, scores the rounds of a run that names it, by keys alone, and stops', async () => {
  // The key of a browser is that of one address: the later run has the same.
  const port = await freePort();
  const before = await evaluatedRelay({ create: evaluatedRun([]), port, pages: build.pages });
  const { page, problems, close } = await openWatched(browser, { viewport: { width: 390, height: 844 } });
  onTestFinished(close);
  await page.emulateMedia({ reducedMotion: 'reduce' });
  await page.goto(`${before.url.href}#evaluate`);
  const asked = page.getByRole('region', { name: 'Evaluate for a run' });
  const key = (await asked.locator('code').textContent()) ?? '';
  expect(key).toMatch(/^[0-9a-f]{64}$/);
  await asked.getByText('before it starts').waitFor();
  // Who only looks at a run without evaluators is offered nothing.
  await page.goto('about:blank');
  await page.goto(before.url.href);
  await page.getByRole('button', { name: 'Start' }).waitFor();
  expect(await page.getByRole('region', { name: /^Evaluate/ }).count()).toBe(0);
  await page.goto('about:blank');
  await before.close();

  const relay = await evaluatedRelay({ create: evaluatedRun([key]), port, pages: build.pages });
  await page.goto(relay.url.href);
  const panel = page.getByRole('region', { name: 'Evaluate' });
  const button = panel.getByRole('button');
  await panel.getByText('This run names your key as an evaluator.').waitFor();
  expect(await inaccessibleInBothColours(page)).toEqual([]);
  const held = await countedWakeLocks(page);
  await button.focus();
  await page.keyboard.press('Enter');
  await expect.poll(held).toBe(1);
  await panel.getByRole('status').filter({ hasText: 'Waiting for a round to close.' }).waitFor();
  // The GPU does one or the other.
  expect(await page.getByRole('button', { name: 'Start' }).count()).toBe(0);
  expect(await button.evaluate((element) => element === document.activeElement)).toBe(true);
  expect(await button.textContent()).toBe('Stop evaluating');

  await contributeRound(relay);
  await panel.getByRole('status').filter({ hasText: 'Round 1: your scores are in the journal.' }).waitFor();
  const evaluation = (await journal(relay)).find(({ kind }) => kind === 'evaluation-accepted');
  expect(evaluation?.body).toMatchObject({ round: 1, key });
  expect(await (await get(relay, 'api/rounds/1')).json()).toMatchObject({ scoredBy: [key.slice(0, 16)] });
  for (const [width, height] of [
    [390, 844],
    [1366, 768],
  ] as const) {
    await page.setViewportSize({ width, height });
    expect(await overflowOf(page)).toBe(0);
    expect(await inaccessible(page)).toEqual([]);
  }

  await page.keyboard.press('Enter');
  await panel.getByRole('status').filter({ hasText: 'Stopped.' }).waitFor();
  await expect.poll(held).toBe(0);
  await page.getByRole('button', { name: 'Start' }).waitFor();
  expect(await button.evaluate((element) => element === document.activeElement)).toBe(true);
  expect(problems).toEqual([]);
  await until(() => page.workers().every((worker) => !worker.url().includes('evaluate-worker')));
});

test('a tab whose key the run does not name is offered nothing', async () => {
  const relay = await evaluatedRelay({ create: evaluatedRun(['ab'.repeat(32)]), pages: build.pages });
  const { page, problems, close } = await openWatched(browser);
  onTestFinished(close);
  await page.goto(relay.url.href);
  await page.getByRole('button', { name: 'Start' }).waitFor();
  expect(await page.getByRole('region', { name: /^Evaluate/ }).count()).toBe(0);
  // The page looked for a key, and made none for whoever only looks. Whoever opens a store first makes it: that has to be the page.
  await expect
    .poll(() =>
      page.evaluate(async () => (await indexedDB.databases()).some(({ name }) => name === 'keyval-store')),
    )
    .toBe(true);
  const hasKey = await page.evaluate(
    () =>
      new Promise<boolean>((resolve, reject) => {
        const opening = indexedDB.open('keyval-store');
        opening.onerror = () => reject(opening.error);
        opening.onsuccess = () => {
          const store = opening.result.transaction('keyval').objectStore('keyval');
          const asked = store.getKey('tapestry identity');
          asked.onsuccess = () => resolve(asked.result !== undefined);
        };
      }),
  );
  expect(hasKey).toBe(false);
  expect(problems).toEqual([]);
});
