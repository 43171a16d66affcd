import type { Browser } from 'playwright';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { newRun } from '../../../../apps/cli/run/new-run.ts';
import { launchBrowser } from '../../../../bench/browser.ts';
import { Stage } from '../../../support/contribute/harness.ts';
import { keepBusy, recordTasks } from '../../../support/pages/main-thread.ts';
import { openWatched } from '../../../support/pages/watched-page.ts';
import { type Built, built } from '../../../system/built.ts';

const stage = new Stage();
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

/** Tasks longer than this delay what a person does by so much that it is felt (RAIL; the Long Tasks API's limit). */
const longMilliseconds = 50;
const [rounds, steps] = [2, 12];

test('while a tab downloads, trains and uploads, no task of its main thread takes 50 ms, and one that does would be found', async () => {
  const create = newRun({
    ...{ name: 'One tab', preset: 'nano', rounds, steps, batch: 1, corpora: ['Celtic'], quorum: 1 },
    ...{ deadlineMs: 3_600_000, graceMs: 1000, maxNodes: 4, readers: 'anyone', seed: 1 },
    created: 1_700_000_000_000,
  });
  const relay = await stage.relay({ folder: await stage.folder(), create, pages: build.pages });
  const { page, problems, close } = await openWatched(browser);
  await page.goto(relay.url.href);
  const start = page.getByRole('button', { name: 'Start' });
  await start.waitFor();
  await page.getByText('software').first().waitFor();

  const stop = await recordTasks(browser, page);
  await start.click();
  await page.getByText('The run is complete. Thank you.').waitFor();
  const tasks = await stop();
  expect(relay.status().history.map(({ contributions }) => contributions)).toEqual([1, 1]);
  // Many events of the node, and many frames that show them.
  expect(tasks.length).toBeGreaterThan(rounds * steps);
  expect(tasks.filter(({ milliseconds }) => milliseconds > longMilliseconds)).toEqual([]);
  expect(Math.max(...tasks.map(({ milliseconds }) => milliseconds))).toBeGreaterThan(0);

  // Five times the limit: how fast a processor repeats the piece of work that is timed before may change by that much.
  const stopAgain = await recordTasks(browser, page);
  await keepBusy(page, 5 * longMilliseconds);
  const found = (await stopAgain()).filter(({ milliseconds }) => milliseconds > longMilliseconds);
  expect(found.length).toBeGreaterThan(0);
  expect(problems).toEqual([]);
  await close();
});
