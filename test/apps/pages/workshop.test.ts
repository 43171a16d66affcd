import type { Browser, Page } from 'playwright';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { warningPages } from '../../../apps/warning/warning-page.ts';
import { launchBrowser } from '../../../bench/browser.ts';
import { layoutOf } from '../../../client/model/parameters.ts';
import { systemClock } from '../../../relay/run/clock.ts';
import type { Relay } from '../../../relay/server/server.ts';
import { codecOf } from '../../../relay/wire/manifest.ts';
import { tinyConfig, tinyRun } from '../../support/contribute/harness.ts';
import { modulesOfPath, textOfCode } from '../../support/pages/qr-code.ts';
import { openWatched } from '../../support/pages/watched-page.ts';
import { ScriptedNode } from '../../support/relay/scripted-node.ts';
import { entriesOf, start, until } from '../../support/relay/stage.ts';
import { type Built, built } from '../../system/built.ts';

const hour = 3_600_000;
const token = 'warp-and-weft';
const presenter = 'four words of ours';
const nodeCount = 20;
const localSteps = 200;
const stepTokens = 32;
/** How much faster than the tab the other nodes are. */
const faster = 5;
/** The least time that the upload of the node with the slow network takes. */
const slowUploadMs = 1000;

let build: Built;
let browser: Browser;

beforeAll(async () => {
  build = await built();
  browser = await launchBrowser('swiftshader');
});

afterAll(async () => {
  await browser.close();
});

function tabOf(relay: Relay) {
  return relay.status().nodes.find(({ host }) => host === 'browser');
}

/**
 * A node that is so much faster than the tab is at this moment, on however loaded a machine, and trains until its local steps are
 * done or the round's time is over. `upload` resolves when its upload may end.
 */
async function work(
  node: ScriptedNode,
  relay: Relay,
  index: number,
  upload: (round: number) => Promise<void>,
) {
  const codec = codecOf(relay.manifest);
  const delta = (round: number) =>
    Float32Array.from(
      { length: layoutOf(tinyConfig).length },
      (_, i) => Math.sin(i * (index + 1) + round) / 1000,
    );
  for (;;) {
    const opened = await node.next('roundOpen');
    await until(() => tabOf(relay)?.state === 'training' && (tabOf(relay)?.tokensPerSecond ?? 0) > 0);
    const rate = faster * (tabOf(relay)?.tokensPerSecond ?? 1);
    node.sendHeartbeat(opened.round, undefined, stepTokens, rate);
    const began = performance.now();
    const done = () =>
      Math.min(localSteps, Math.floor(((performance.now() - began) * rate) / (1000 * stepTokens)));
    // The tab stops training where the relay's plan ends, and so does a node that is not done.
    while (done() < localSteps && tabOf(relay)?.state === 'training')
      await new Promise((resolve) => setTimeout(resolve, 50));
    const steps = Math.max(1, done());
    const payload = codec.encode(delta(opened.round), new Float32Array(layoutOf(tinyConfig).length));
    await node.sendOffer(opened, payload, { steps, tokens: steps * stepTokens });
    const { offset } = await node.next('resume');
    await upload(opened.round);
    node.sendChunks(payload, offset);
    await node.next('acknowledgement');
  }
}

/** The link in the picture of the code that the page shows to the hall. */
async function scanned(page: Page): Promise<string> {
  const path = await page
    .getByRole('img', { name: /^QR code/ })
    .locator('path')
    .getAttribute('d');
  return textOfCode(modulesOfPath(path ?? ''));
}

test('a workshop: a tab of a fifth of the others’ speed counts in every round, and the presenter steers by keys', async () => {
  const tiny = tinyRun({
    ...{ rounds: 9, localSteps, quorum: 2, target: nodeCount + 1, deadlineMs: hour, graceMs: 60_000 },
    timed: { leastSteps: 1, stretch: 200 },
  });
  const limits = { ...tiny.manifest.limits, maxNodes: nodeCount + 2 };
  const create = { ...tiny, manifest: { ...tiny.manifest, limits, corpora: ['Romance', 'Celtic'] } };
  const relay = await start(
    {
      pages: build.pages,
      tls: 'auto',
      plainPages: warningPages,
      token,
      presenter,
      create,
      clock: systemClock,
    },
    { heartbeat: 100, silence: hour },
  );
  const nodes: ScriptedNode[] = [];
  for (let count = 0; count < nodeCount; count++)
    nodes.push(await ScriptedNode.join(relay.url, { token, socket: { rejectUnauthorized: false } }));

  const wall = await openWatched(browser, {
    viewport: { width: 1920, height: 1080 },
    ignoreHTTPSErrors: true,
  });
  onTestFinished(wall.close);
  await wall.page.goto(new URL(`dashboard#${new URLSearchParams({ token, presenter })}`, relay.url).href);
  await wall.page.getByRole('button', { name: 'Present' }).press('Enter');
  const link = await scanned(wall.page);
  expect(link).toBe(new URL(`#token=${token}`, relay.entryUrl).href);
  expect(link).toMatch(/^http:/);

  const tab = await openWatched(browser, { ignoreHTTPSErrors: true });
  onTestFinished(tab.close);
  await tab.page.goto(link);
  await tab.page.getByRole('link', { name: 'Continue to the relay' }).press('Enter');
  await tab.page.getByLabel('Corpus', { exact: true }).selectOption('Celtic');
  await tab.page.getByRole('button', { name: 'Start' }).press('Enter');
  await wall.page.getByText(`${nodeCount + 1} here.`).waitFor();
  const key = tabOf(relay)?.id ?? '';

  // One of the fast nodes has a slow network, as in a hall: the grace of the next rounds leaves the tab as much time.
  const upload = (index: number) => async (round: number) => {
    if (index !== nodeCount - 1) return;
    await new Promise((resolve) => setTimeout(resolve, slowUploadMs));
    await until(() => tabOf(relay)?.contributions === round || relay.status().round.number !== round);
  };
  const working = nodes.map((node, index) => work(node, relay, index, upload(index)).catch(() => {}));
  const committed = (rounds: number) => until(() => relay.status().history.length >= rounds);

  const { page } = wall;
  await page.keyboard.press('s');
  await committed(1);
  // With one more minute the tab trains all its local steps, as the others do.
  await until(() => relay.status().round.number === 2 && relay.status().round.deadlineAt !== null);
  const before = relay.status().round.deadlineAt ?? 0;
  await page.keyboard.press('m');
  await until(() => (relay.status().round.deadlineAt ?? 0) > before + 30_000);
  await committed(2);
  await page.keyboard.press('2');
  await page.keyboard.press('p');
  await page.getByText('Paused by the presenter').waitFor();
  const paused = relay.status().history.length;
  await page.keyboard.press('r');
  await page.getByRole('combobox', { name: 'Which node is to be removed?' }).press('ArrowDown');
  await page.getByRole('button', { name: 'Yes, remove it' }).press('Enter');
  expect(await nodes[0]?.closed).toBeDefined();
  await page.keyboard.press('s');
  await committed(paused + 1);
  await page.keyboard.press('p');
  await page.getByText('Paused by the presenter').waitFor();
  await page.keyboard.press('e');
  await page.getByRole('button', { name: 'Yes, end it' }).press('Enter');
  await tab.page.getByText('The run is complete. Thank you.').waitFor();
  await page.getByText('Complete', { exact: true }).waitFor();
  await Promise.all(working);

  const answer = await page.request.get(new URL('journal', relay.url).href);
  const entries = entriesOf(await answer.text());
  const given = entries.filter(({ kind, body }) => kind === 'contribution-accepted' && 'key' in body);
  const own = given.filter(({ body }) => 'key' in body && String(body.key).startsWith(key));
  const { history } = relay.status();
  expect(own).toHaveLength(history.length);
  // A node that the machine held up may miss a round; the tab misses none.
  for (const { round, contributions } of history)
    expect(contributions, `of round ${round}`).toBeGreaterThan(nodeCount / 2);
  const steps = own.map(({ body }) => ('steps' in body ? Number(body.steps) : 0));
  expect(steps[1]).toBe(localSteps);
  expect(Math.min(...steps)).toBeGreaterThanOrEqual(1);
  const actions = entries.flatMap(({ kind, body }) =>
    kind === 'presented' && 'action' in body ? [body.action] : [],
  );
  expect(actions).toEqual(['start', 'extend', 'pause', 'remove', 'start', 'pause', 'end']);
  // Chromium stores no page for use without its server on a certificate that was accepted by hand.
  const other = tab.problems.filter((text) => !text.startsWith('An SSL certificate error occurred'));
  expect([wall.problems, other]).toEqual([[], []]);
});
