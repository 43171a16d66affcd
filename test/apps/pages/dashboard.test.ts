import type { Browser } from 'playwright';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { launchBrowser } from '../../../bench/browser.ts';
import { type Built, built } from '../../system/built.ts';
import { scriptedStatus } from './scenarios.ts';
import { type ScriptedRelay, startScriptedRelay } from './scripted-relay.ts';
import { openWatched, type WatchedPage } from './watched-page.ts';

let build: Built;
let browser: Browser;
let relay: ScriptedRelay;
let opened: WatchedPage;
const now = Date.now();
const running = scriptedStatus({ rounds: 20, done: 7, nodes: 3, now });

beforeAll(async () => {
  build = await built();
  browser = await launchBrowser('none');
});

afterAll(async () => {
  await browser.close();
});

afterEach(async () => {
  await opened.close();
  await relay.close();
});

/** Opens the dashboard of a scripted relay, by default with the screen of a phone. */
async function open({ status = running, width = 360 } = {}) {
  relay = await startScriptedRelay(build.pages);
  relay.show(status);
  opened = await openWatched(browser, { viewport: { width, height: 780 } });
  await opened.page.goto(`${relay.url}/dashboard`);
  return opened;
}

test('shows nodes that join and leave', async () => {
  const { page } = await open();
  await page.getByRole('listitem').filter({ hasText: 'Bantu' }).filter({ hasText: 'Sending' }).waitFor();
  relay.show({ ...running, nodes: running.nodes.slice(0, 2) });
  await expect.poll(() => page.locator('.node').count()).toBe(2);
});

test('shows that the relay does not answer, and recovers by itself', async () => {
  const { page } = await open();
  await page.getByText('Live', { exact: true }).waitFor();
  relay.show(null);
  await page.getByRole('alert').filter({ hasText: 'Out of date' }).waitFor();
  // All that is out of date is grey, the whole dashboard as well as a scene.
  const coloured = () =>
    page.evaluate(
      () =>
        [...document.querySelectorAll('.dashboard svg, .dashboard .panel, .dashboard .stage')].filter(
          (shown) => {
            for (let part: Element | null = shown; part !== null; part = part.parentElement)
              if (getComputedStyle(part).filter === 'grayscale(1)') return false;
            return true;
          },
        ).length,
    );
  expect(await coloured()).toBe(0);
  await page.getByRole('button', { name: 'Present' }).click();
  await page.getByRole('region', { name: 'Join', exact: true }).waitFor();
  expect(await coloured()).toBe(0);
  await page.keyboard.press('Escape');
  relay.show(running);
  await page.getByText('Live', { exact: true }).waitFor();
  expect(await coloured()).toBeGreaterThan(0);
});

test('shows the whole run on one screen of a projector', async () => {
  const full = scriptedStatus({ rounds: 40, done: 13, nodes: 30, corpusCount: 8, now });
  for (const [width, height, status] of [
    [1280, 800, running],
    [1920, 1080, running],
    [1920, 1080, full],
    [3840, 2160, running],
  ] as const) {
    const { page } = await open({ width, status });
    await page.setViewportSize({ width, height });
    await page.getByText('Live', { exact: true }).waitFor();
    const sides = await page.evaluate(() => [document.documentElement.scrollHeight, innerHeight]);
    expect(sides[0]).toBe(sides[1]);
    await opened.close();
    await relay.close();
  }
  await open();
});

test('leads to each of a thousand nodes', async () => {
  const many = scriptedStatus({ rounds: 20, done: 3, nodes: 1000, now });
  const { page } = await open({ status: many, width: 1280 });
  await page.getByRole('button', { name: /^Show all 1.?000$/ }).press('Enter');
  await expect.poll(() => page.locator('.node').count()).toBe(1000);
  const last = page.locator('.node').last();
  await last.scrollIntoViewIfNeeded();
  expect(await last.isVisible()).toBe(true);
});

test('says that a base comes from an upstream relay', async () => {
  const upstream = { run: 'b'.repeat(64), state: 'following', round: 9 } as const;
  const { page } = await open({
    status: { ...running, base: { ...running.base, upstream } },
  });
  await page.getByText('Base of an upstream relay, after its round 9').waitFor();
});

test('warns of an address that other machines cannot use', async () => {
  const { page } = await open();
  await page.getByText('This address works on this machine only.').waitFor();
});
