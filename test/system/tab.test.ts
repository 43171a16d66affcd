import { cpSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { Browser, Page } from 'playwright';
import * as v from 'valibot';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchBrowser } from '../../bench/browser.ts';
import type { Relay } from '../../relay/server/server.ts';
import { checkForkProof, decodeForkProof } from '../../relay/wire/evidence/fork-proof.ts';
import { type RelayStatus, statusRoundSchema } from '../../relay/wire/status.ts';
import { Stage, tinyRun } from '../support/contribute/harness.ts';
import { upperTerms } from '../support/contribute/upper-terms.ts';
import { openWatched } from '../support/pages/watched-page.ts';
import { scriptWithoutRoomFor } from '../support/watch-devices.ts';
import { type Built, built } from './built.ts';

const stage = new Stage();
/** A round of the tab lasts many heartbeats on a fast machine too, so that the test sees it in the middle of one. */
const rounds = 4;
const steps = 200;
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

/** Waits for a relay status for which `holds` is true; rejects if the run completes without one. */
function statusWhere(relay: Relay, holds: (status: RelayStatus) => boolean): Promise<RelayStatus> {
  return new Promise((resolve, reject) => {
    const look = (status: RelayStatus) => {
      if (holds(status)) resolve(status);
      else if (status.round.phase === 'complete') reject(new Error('the run completed first'));
      else return;
      stop();
    };
    const stop = relay.watch(look);
    look(relay.status());
  });
}

function tabOf({ nodes }: RelayStatus) {
  return nodes.find(({ host }) => host === 'browser');
}

/** Opens the relay's page in a tab and starts to contribute with the text of a corpus, at a third of full power. */
async function startTab(page: Page, relay: Relay, corpus: string): Promise<void> {
  await page.goto(relay.url.href);
  await page.getByLabel('Corpus', { exact: true }).selectOption(corpus);
  await page.getByRole('slider', { name: 'Power' }).fill('30');
  await page.getByRole('button', { name: 'Start' }).click();
}

test('a tab that cannot hold the whole model says so, and counts by its upper layers beside a node that trains all', async () => {
  const tiny = tinyRun({ rounds: 1, localSteps: 4, quorum: 2, target: 2, upperLayers: 1 });
  const create = { ...tiny, manifest: { ...tiny.manifest, corpora: ['even', 'Celtic'] } };
  const relay = await stage.relay({ folder: await stage.folder(), create, pages: build.pages });
  const { page, problems, close } = await openWatched(browser);
  await page.route('**/contribute-worker-*.js', async (route) => {
    const response = await route.fetch();
    const body = `${scriptWithoutRoomFor(4 * upperTerms.layout.length)}${await response.text()}`;
    await route.fulfill({ response, body });
  });
  await page.goto(relay.url.href);
  await page.getByText('Slow devices may train the upper layers alone (1 of 2)').waitFor();
  await page.getByLabel('Corpus', { exact: true }).selectOption('Celtic');
  await page.getByRole('button', { name: 'Start' }).click();
  await page
    .getByText(
      'This device trains the upper layers of the model (1 of 2). It lacks the memory to train the whole model.',
    )
    .waitFor();
  const node = stage.node(await stage.folder(), relay.url, { corpusName: 'even' });
  expect(await node.done).toBeUndefined();
  await page.getByText('The run is complete. Thank you.').waitFor();
  const accepted = page.locator('.yours div', { hasText: 'Contributions accepted' }).locator('dd');
  expect(await accepted.textContent()).toBe('1');
  const answer = await fetch(new URL('api/rounds/1', relay.url));
  const { contributions } = v.parse(statusRoundSchema, await answer.json());
  const given = contributions.map(({ corpus, part, isMerged }) => ({ corpus, part, isMerged }));
  expect(given).toHaveLength(2);
  expect(given).toContainEqual({ corpus: 'Celtic', part: 'upper', isMerged: true });
  expect(given).toContainEqual({ corpus: 'even', part: 'whole', isMerged: true });
  expect(problems).toEqual([]);
  await close();
});

test('a tab contributes beside two Node nodes, and the round in which it is closed commits without it', async () => {
  // Deadline and grace period are an hour, so only the tab's departure can let the later round commit.
  const hour = 3_600_000;
  const tiny = tinyRun({ rounds, localSteps: steps, quorum: 2, target: 3, graceMs: hour, deadlineMs: hour });
  const create = { ...tiny, manifest: { ...tiny.manifest, corpora: ['even', 'odd', 'Celtic'] } };
  const relay = await stage.relay({ folder: await stage.folder(), create, pages: build.pages });
  const { page, problems, close } = await openWatched(browser);
  await startTab(page, relay, 'Celtic');
  await statusWhere(relay, (status) => tabOf(status) !== undefined);
  const nodes = [];
  for (const [seed, corpusName] of ['even', 'odd'].entries()) {
    nodes.push(stage.node(await stage.folder(), relay.url, { corpusName, seed }));
  }

  const accepted = await statusWhere(relay, ({ history }) => history.length > 0);
  expect(accepted.history[0]?.contributions).toBe(3);
  expect(tabOf(accepted)).toMatchObject({ corpus: 'Celtic', contributions: 1, tokens: steps * 32 });
  const figure = page.locator('.yours div', { hasText: 'Contributions accepted' }).locator('dd');
  await expect.poll(() => figure.textContent().then(Number)).toBeGreaterThanOrEqual(1);

  // Closed in the middle of its steps: the round, which was open for three, commits without it.
  await statusWhere(relay, (status) => {
    const tab = tabOf(status);
    return status.round.number >= 2 && tab?.state === 'training' && tab.steps > 0 && tab.steps < steps / 2;
  });
  expect(problems).toEqual([]);
  await close();

  for (const node of nodes) expect(await node.done).toBeUndefined();
  const { history, totals } = relay.status();
  const counts = history.map(({ contributions }) => contributions);
  const together = counts.indexOf(2);
  expect(together).toBeGreaterThan(0);
  expect(counts).toEqual(Array.from({ length: rounds }, (_, i) => (i < together ? 3 : 2)));
  expect(totals.abandonedRounds).toBe(0);
});

test('a tab that comes back to a relay with another history of the run refuses it, and gives the proof', async () => {
  const [folder, copy] = [await stage.folder(), await stage.folder()];
  // Neither history is complete: a page offers no Start then.
  const tiny = tinyRun({ rounds: 1_000_000, localSteps: 1, quorum: 1, target: 1 });
  const create = { ...tiny, manifest: { ...tiny.manifest, corpora: ['even', 'Celtic'] } };
  await (await stage.relay({ folder, create })).close();
  cpSync(folder, copy, { recursive: true });
  const relay = await stage.relay({ folder, pages: build.pages });
  const { page: earlier, close } = await openWatched(browser);
  const start = async (page: Page) => {
    await page.goto(relay.url.href);
    await page.getByLabel('Corpus', { exact: true }).selectOption('Celtic');
    await page.getByRole('button', { name: 'Start' }).click();
  };
  await start(earlier);
  await statusWhere(relay, ({ history }) => history.length > 1);
  await earlier.close();
  await relay.close();

  // The same address, so that it is the same origin: the tab finds what it stored.
  const port = Number(relay.url.port);
  const other = await stage.relay({ folder: copy, pages: build.pages, port });
  const before = relay.status().history.length;
  stage.node(await stage.folder(), other.url);
  await statusWhere(other, ({ history }) => history.length > before);
  expect(other.runId).toBe(relay.runId);
  const page = await earlier.context().newPage();
  await start(page);
  await page.getByRole('alert').filter({ hasText: 'two different histories' }).waitFor();
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('link', { name: 'Download the proof' }).click(),
  ]);
  const proof = decodeForkProof(await readFile(await download.path()));
  expect(proof && (await checkForkProof(proof))).toMatchObject({ run: relay.runId });
  await close();
});
