import { expect, test } from 'vitest';
import { scriptedStatus } from '../../support/pages/scenarios.ts';
import { running, scriptedPages } from '../../support/pages/scripted-pages.ts';

const pages = scriptedPages();
const now = Date.now();

test('shows nodes that join and leave', async () => {
  const { page, relay } = await pages.open('/dashboard');
  await page.getByRole('listitem').filter({ hasText: 'Bantu' }).filter({ hasText: 'Sending' }).waitFor();
  relay.show({ ...running, nodes: running.nodes.slice(0, 2) });
  await expect.poll(() => page.locator('.node').count()).toBe(2);
});

test('shows that the relay does not answer, and recovers by itself', async () => {
  const { page, relay } = await pages.open('/dashboard');
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
    const { page } = await pages.open('/dashboard', { width, height, status });
    await page.getByText('Live', { exact: true }).waitFor();
    const sides = await page.evaluate(() => [document.documentElement.scrollHeight, innerHeight]);
    expect(sides[0]).toBe(sides[1]);
  }
});

test('leads to each of a thousand nodes', async () => {
  const many = scriptedStatus({ rounds: 20, done: 3, nodes: 1000, now });
  const { page } = await pages.open('/dashboard', { status: many, width: 1280 });
  await page.getByRole('button', { name: /^Show all 1.?000$/ }).press('Enter');
  await expect.poll(() => page.locator('.node').count()).toBe(1000);
  const last = page.locator('.node').last();
  await last.scrollIntoViewIfNeeded();
  expect(await last.isVisible()).toBe(true);
});

test('says that a base comes from an upstream relay', async () => {
  const upstream = { run: 'b'.repeat(64), state: 'following', round: 9 } as const;
  const { page } = await pages.open('/dashboard', {
    status: { ...running, base: { ...running.base, upstream } },
  });
  await page.getByText('Base of an upstream relay, after its round 9').waitFor();
});

test('warns of an address that other machines cannot use', async () => {
  const { page } = await pages.open('/dashboard');
  await page.getByText('This address works on this machine only.').waitFor();
});
