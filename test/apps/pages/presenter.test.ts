import type { Browser } from 'playwright';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { launchBrowser } from '../../../bench/browser.ts';
import { systemClock } from '../../../relay/run/clock.ts';
import { inaccessible } from '../../support/pages/accessible.ts';
import { openWatched } from '../../support/pages/watched-page.ts';
import { payloadOf, ScriptedNode } from '../../support/relay/scripted-node.ts';
import { smallRun } from '../../support/relay/small-run.ts';
import { journal, start, until } from '../../support/relay/stage.ts';
import { type Built, built } from '../../system/built.ts';

const hour = 3_600_000;

let build: Built;
let browser: Browser;

beforeAll(async () => {
  build = await built();
  browser = await launchBrowser('none');
});

afterAll(async () => {
  await browser.close();
});

test('the presenter starts a run from its lobby, steers it with the keyboard alone and ends it', async () => {
  const token = 'come in';
  const create = smallRun({ rounds: 5, deadlineMs: hour });
  // The status is published by the clock of the machine. The scripted nodes send no heartbeats.
  const relay = await start(
    { pages: build.pages, presenter: 'for one alone', token, create, clock: systemClock },
    { silence: hour },
  );
  const { page, problems, close } = await openWatched(browser, { viewport: { width: 1366, height: 768 } });
  onTestFinished(close);
  const nodes = [];
  for (let count = 0; count < 3; count++) nodes.push(await ScriptedNode.join(relay.url, { token }));
  const [first, second, third] = nodes;
  if (!first || !second || !third) throw new Error('no nodes');
  const fingerprint = Buffer.alloc(32, 0xff).toString('base64url');
  const hash = new URLSearchParams({ token, presenter: 'for one alone', fingerprint });
  await page.goto(new URL(`dashboard#${hash}`, relay.url).href);
  await page.getByText('3 here. The run starts when the presenter presses Start.').waitFor();
  await page
    .getByText('The relay’s certificate, in four words that its terminal shows too: zoo zoo zoo zoo')
    .waitFor();
  // The secret is neither on the wall nor in the code that the hall scans.
  expect(page.url()).not.toContain('presenter');
  expect(await page.getByRole('link', { name: /token=come/ }).getAttribute('href')).not.toContain(
    'presenter',
  );
  const press = async (name: string) => {
    const button = page.getByRole('button', { name, exact: true });
    // The relay must have answered the command before.
    await expect.poll(() => button.isEnabled()).toBe(true);
    await button.focus();
    await page.keyboard.press('Enter');
  };
  expect(await inaccessible(page)).toEqual([]);
  await press('Start');
  const opened = await first.next('roundOpen');
  await page.reload();
  await press('One more minute');
  await press('Pause after this round');
  await page.getByText('The presenter pauses after this round.').waitFor();
  const id = relay.status().nodes[2]?.id.slice(0, 6);
  await page.getByRole('button', { name: new RegExp(`^Remove .*${id}$`) }).press('Enter');
  expect(relay.status().nodes).toHaveLength(3);
  await press('Yes, remove it');
  expect(await third.goodbye()).toBe('REFUSED');
  await first.contribute(opened, payloadOf(1));
  await second.contribute(opened, payloadOf(2));
  await page.getByText('Paused by the presenter').waitFor();
  await press('Go on');
  expect((await first.next('roundOpen')).round).toBe(2);
  await press('End the run');
  await press('Cancel');
  await press('End the run');
  await press('Yes, end it');
  await page.getByText('The run ended after 1 of 5 rounds').waitFor();
  await page.getByText('All nodes have left.').waitFor();
  expect(await page.getByRole('button', { name: /Start|Pause|End/ }).count()).toBe(0);
  expect(await inaccessible(page)).toEqual([]);
  const actions = (await journal(relay)).flatMap(({ kind, body }) =>
    kind === 'presented' && 'action' in body ? [body.action] : [],
  );
  expect(actions).toEqual(['start', 'extend', 'pause', 'remove', 'start', 'end']);
  expect(problems).toEqual([]);
});

test('a viewer without the secret can change nothing', async () => {
  const relay = await start({ pages: build.pages, presenter: 'for one alone' });
  const { page, problems, close } = await openWatched(browser);
  onTestFinished(close);
  await ScriptedNode.join(relay.url);
  await page.goto(new URL('dashboard', relay.url).href);
  await page.getByText('1 here. The run starts when the presenter presses Start.').waitFor();
  expect(await page.getByRole('button', { name: /Start|Pause|End|Remove/ }).count()).toBe(0);
  await page.goto(new URL('dashboard#presenter=guessed', relay.url).href);
  await page.reload();
  await page.getByRole('button', { name: 'Start', exact: true }).click();
  await page.getByText("The relay did not accept the presenter's secret.").waitFor();
  expect(relay.status().round.hold).toBe('lobby');
  await until(() => problems.length > 0);
  expect(problems.every((problem) => problem.includes('401'))).toBe(true);
});
