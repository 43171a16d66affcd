import type { Page } from 'playwright';
import { expect, test } from 'vitest';
import { scriptedStatus } from '../../../support/pages/scenarios.ts';
import { scriptedEvents } from '../../../support/pages/scripted-events.ts';
import { running, scriptedPages } from '../../../support/pages/scripted-pages.ts';
import { scriptedWorker } from '../../../support/pages/scripted-relay.ts';

const pages = scriptedPages();
const next = scriptedStatus({ rounds: 20, done: 8, nodes: 2, now: Date.now() });
const joined = scriptedStatus({ rounds: 20, done: 8, nodes: 6, now: Date.now() });

/** Counts every animation and transition that begins from now on; one that lasts no time does not move anything. */
async function watchMotion(page: Page): Promise<() => Promise<string[]>> {
  await page.addInitScript(`
    window.moved = [];
    for (const kind of ['animationstart', 'transitionrun'])
      addEventListener(kind, ({ target, type }) => moved.push(type + ' ' + target.getAttribute('class')), true);`);
  await page.reload();
  return () =>
    page.evaluate(`[...moved, ...document.getAnimations()
      .filter((one) => one.effect.getComputedTiming().duration > 0).map(({ id }) => 'runs ' + id)]`);
}

/** What moves on the dashboard while rounds commit, and nodes join and leave. */
async function moves(reducedMotion: 'reduce' | 'no-preference'): Promise<string[]> {
  const { page, relay } = await pages.open('/dashboard', { reducedMotion, width: 1366 });
  const moved = await watchMotion(page);
  await page.locator('.node').nth(2).waitFor();
  const woven = () => page.locator('.cloth .latest').count();
  expect(await woven()).toBeGreaterThan(0);
  for (const [status, nodes] of [
    [joined, 6],
    [next, 2],
  ] as const) {
    relay.show(status);
    await expect.poll(() => page.locator('.node').count()).toBe(nodes);
  }
  await page.getByRole('button', { name: 'Present' }).press('Enter');
  for (const key of ['2', '3', '4', '5', '1']) await page.keyboard.press(key);
  await page.getByRole('region', { name: 'Join', exact: true }).waitFor();
  return moved();
}

test('the dashboard moves where the person allows motion, and nowhere else', async () => {
  const allowed = await moves('no-preference');
  expect(allowed).toContainEqual(expect.stringMatching(/^animationstart .*latest/));
  expect(allowed).toContainEqual(expect.stringMatching(/^transitionrun .*node/));
  expect(await moves('reduce')).toEqual([]);
});

test('the page that contributes does not move for a person who wants no motion', async () => {
  const worker = scriptedWorker(scriptedEvents(2));
  const { page, relay } = await pages.open('/', { worker, reducedMotion: 'reduce', width: 1366 });
  const moved = await watchMotion(page);
  // A key goes to a disabled button too, which the page has until it knows the device; a click waits.
  await page.getByRole('button', { name: 'Start' }).click();
  await page.getByText('Round 3 of 20, step 23 of 50').waitFor();
  for (const status of [next, running]) {
    relay.show(status);
    const committed = String(status.base.round);
    await expect
      .poll(() => page.locator('.band').getByRole('progressbar').getAttribute('aria-valuenow'))
      .toBe(committed);
  }
  expect(await moved()).toEqual([]);
});

test('the audit page does not move for a person who wants no motion', async () => {
  const { page } = await pages.open('/audit', { reducedMotion: 'reduce', width: 1366 });
  const moved = await watchMotion(page);
  await page.getByRole('button', { name: 'Start the audit' }).press('Enter');
  await page.getByRole('alert').first().waitFor();
  expect(await moved()).toEqual([]);
});
