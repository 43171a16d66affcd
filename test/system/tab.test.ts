import type { Browser, Page } from 'playwright';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Relay } from '../../relay/server.ts';
import type { RelayStatus } from '../../relay/wire/status.ts';
import { launchBrowser } from '../apps/pages/browser.ts';
import { openWatched } from '../apps/pages/watched-page.ts';
import { Stage, tinyRun } from '../client/contribute/harness.ts';
import { type Built, built } from './built.ts';

const stage = new Stage();
/** Enough of both that the tab can be caught in the middle of one. */
const rounds = 8;
const steps = 24;
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

/** The relay's status once it is as `holds` says. */
function statusWhere(relay: Relay, holds: (status: RelayStatus) => boolean): Promise<RelayStatus> {
  return new Promise((resolve) => {
    const look = (status: RelayStatus) => {
      if (!holds(status)) return;
      stop();
      resolve(status);
    };
    const stop = relay.watch(look);
    look(relay.status());
  });
}

function tabOf({ nodes }: RelayStatus) {
  return nodes.find(({ host }) => host === 'browser');
}

/** Opens the relay's page in a tab and starts to contribute with the text of a nation, a third of the time. */
async function startTab(page: Page, relay: Relay, nation: string): Promise<void> {
  await page.goto(relay.url.href);
  await page.getByLabel('Nation', { exact: true }).selectOption(nation);
  await page.getByRole('slider', { name: 'Power' }).fill('30');
  await page.getByRole('button', { name: 'Start' }).click();
}

/** Pauses the tab in the middle of a round after the first, and gives the status then: nothing moves any more. */
async function pauseWithinRound(page: Page, relay: Relay): Promise<RelayStatus> {
  for (;;) {
    await statusWhere(relay, (status) => {
      const tab = tabOf(status);
      return status.round.number >= 2 && tab?.state === 'training' && tab.steps > 0 && tab.steps < steps / 2;
    });
    await page.getByRole('button', { name: 'Pause' }).click();
    const { round } = await statusWhere(relay, (status) => tabOf(status)?.state === 'paused');
    // Both others contribute, or all three did. What the tab was about to send comes too.
    await statusWhere(
      relay,
      (status) => status.round.number > round.number || status.round.contributions === 2,
    );
    await page.waitForTimeout(500);
    const status = relay.status();
    const tab = tabOf(status);
    const isWithin = status.round.number === round.number && tab?.contributions === round.number - 1;
    if (isWithin && tab.steps > 0) return status;
    await page.getByRole('button', { name: 'Resume' }).click();
  }
}

test('a tab contributes beside two Node nodes, and a round that it is closed in commits without it', async () => {
  // Nothing but the tab's going can let the later round commit: it has an hour, and the grace as well.
  const hour = 3_600_000;
  const tiny = tinyRun({ rounds, localSteps: steps, quorum: 2, target: 3, graceMs: hour, deadlineMs: hour });
  const create = { ...tiny, manifest: { ...tiny.manifest, nations: ['even', 'odd', 'Celtic'] } };
  const relay = await stage.relay({ folder: await stage.folder(), create, pages: build.pages });
  const { page, problems, close } = await openWatched(browser);
  await startTab(page, relay, 'Celtic');
  await statusWhere(relay, (status) => tabOf(status) !== undefined);
  const nodes = [];
  for (const [seed, nation] of ['even', 'odd'].entries()) {
    nodes.push(stage.node(await stage.folder(), relay.url, { nation, seed }));
  }

  const accepted = await statusWhere(relay, ({ history }) => history.length > 0);
  expect(accepted.history[0]?.contributions).toBe(3);
  expect(tabOf(accepted)).toMatchObject({ nation: 'Celtic', contributions: 1, tokens: steps * 32 });
  const figure = page.locator('.yours div', { hasText: 'Contributions accepted' }).locator('dd');
  await expect.poll(() => figure.textContent().then(Number)).toBeGreaterThanOrEqual(1);

  const training = await pauseWithinRound(page, relay);
  const { number } = training.round;
  expect(training.history).toHaveLength(number - 1);
  expect(problems).toEqual([]);
  await close();

  for (const node of nodes) expect(await node.done).toBeUndefined();
  const { history, totals } = relay.status();
  expect(history.map(({ contributions }) => contributions)).toEqual(
    Array.from({ length: rounds }, (_, i) => (i + 1 < number ? 3 : 2)),
  );
  expect(totals.abandonedRounds).toBe(0);
});
