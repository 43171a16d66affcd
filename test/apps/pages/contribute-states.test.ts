import type { Page } from 'playwright';
import { describe, expect, test } from 'vitest';
import { inaccessible } from '../../support/pages/accessible.ts';
import { scriptedStatus } from '../../support/pages/scenarios.ts';
import { scriptedEvents } from '../../support/pages/scripted-events.ts';
import { emit, running, scriptedPages } from '../../support/pages/scripted-pages.ts';
import { scriptedWorker } from '../../support/pages/scripted-relay.ts';
import { countedWakeLocks } from '../../support/pages/wake-locks.ts';
import { shown } from '../../support/pages/watched-page.ts';

const pages = scriptedPages();
const now = Date.now();
const events = scriptedEvents(2);
const screens = [
  [390, 664],
  [768, 1024],
  [1366, 768],
  [1920, 1080],
] as const;

/** The page that contributes, once its worker has found the GPU. */
async function open(worker: string, [width, height]: readonly [number, number] = [1366, 768]) {
  const opened = await pages.open('/', { worker, width, height });
  await startButton(opened.page).waitFor();
  await opened.page.getByText('NVIDIA GeForce RTX 4070').waitFor();
  return opened;
}

const startButton = (page: Page) => page.getByRole('button', { name: /^Start/ });

/** Waits for the last of `events`: an earlier one would show training again after a pause. */
const allEvents = (page: Page) => expect.poll(() => page.title()).toBe('46% · round 3 of 20 – Tapestry');

const state = (page: Page, name: string) => page.locator('#state', { hasText: name }).waitFor();

test('the choice of text and Start are in the first viewport of every screen, and no state moves them', async () => {
  const { page } = await open(scriptedWorker([]));
  const places = async () => {
    const found: (number | undefined)[] = [];
    for (const [width, height] of screens) {
      await page.setViewportSize({ width, height });
      const on = `${width} x ${height}`;
      expect(await shown(page, '.setup'), on).toBe(1);
      expect(await shown(page, '.actions .primary'), on).toBe(1);
      expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth'), on).toBe(0);
      found.push((await page.locator('.actions .primary').boundingBox())?.y);
    }
    return found;
  };
  const before = await places();
  await startButton(page).click();
  for (const [event, name] of [
    [null, 'Starting'],
    [events[0], 'Joining the relay'],
    [events[1], 'Compiling the kernels'],
    [events.find(({ event }) => event === 'syncing'), 'Fetching the base'],
    [events.find(({ event }) => event === 'step'), 'Training'],
    [{ event: 'paused' }, 'Paused'],
  ] as const) {
    if (event) await emit(page, event);
    await state(page, name);
    expect(await places(), name).toEqual(before);
    if (name !== 'Fetching the base') continue;
    const steps = page.getByRole('list', { name: 'Steps of the start' }).getByRole('listitem');
    const texts = await steps.allTextContents();
    expect(texts.map((text) => text.replace(/\s+/g, ' ').trim())).toEqual([
      '✓ Join (done)',
      '2 Compile',
      '3 Fetch',
      '4 Train',
    ]);
  }
  expect(await page.getByRole('heading', { level: 1 }).count()).toBe(1);
  expect(await page.locator('.lead').count()).toBe(0);
});

test('a lobby says who is here, and a run that is complete offers no Start but its base', async () => {
  const { page, relay } = await open(scriptedWorker([]));
  const lobby = { ...running.round, phase: 'waiting', hold: 'lobby' } as const;
  relay.show({ ...running, round: lobby });
  await page.getByText('3 nodes are here. Press Start to join').waitFor();
  await startButton(page).click();
  await page.getByText('3 nodes are here. Training begins when the presenter starts the run.').waitFor();
  await emit(page, { event: 'left', reason: 'finished', contributions: 0, tokens: 0 });
  await page.getByRole('button', { name: 'Start again' }).waitFor();
  const ended = scriptedStatus({ rounds: 20, done: 7, nodes: 0, now });
  relay.show({ ...ended, round: { ...ended.round, phase: 'complete' } });
  await page.getByText('The run ended after 7 of 20 rounds').waitFor();
  expect(await startButton(page).count()).toBe(0);
  await page.getByRole('button', { name: 'Prepare the files' }).waitFor();
  expect(await inaccessible(page)).toEqual([]);
  await page.reload();
  await state(page, 'The run is complete');
  expect(await startButton(page).count()).toBe(0);
  expect(await page.locator('.yours').count()).toBe(0);
});

test('each state has no accessibility problem, in light, dark and forced colours', async () => {
  const { page } = await open(scriptedWorker([]), [390, 664]);
  expect(await inaccessible(page)).toEqual([]);
  await startButton(page).click();
  for (const event of events.slice(0, 30)) await emit(page, event);
  for (const event of events.filter(({ event }) => event === 'acknowledged')) await emit(page, event);
  await page.getByRole('button', { name: 'Download your receipts' }).press('Enter');
  await page.getByText('This browser has no receipt of this run yet.').waitFor();
  await emit(page, { event: 'dropped', round: 1, reason: 'closed' });
  const retry = { code: 'relay.unreachable', message: 'No answer.', next: 'Wait.', attempt: 2 } as const;
  await emit(page, { event: 'retry', ...retry, milliseconds: 60_000 });
  await state(page, 'Connection lost');
  await page.emulateMedia({ colorScheme: 'dark', reducedMotion: 'reduce' });
  expect(await inaccessible(page)).toEqual([]);
  await emit(page, { event: 'failed', ...retry, evidence: [] });
  await page.getByRole('alert').waitFor();
  await page.emulateMedia({ forcedColors: 'active' });
  expect(await inaccessible(page)).toEqual([]);
});

test('the title, the icon and the clock tell how far the round is', async () => {
  const { page } = await open(scriptedWorker(events));
  const icon = () => page.locator('link[rel=icon]').getAttribute('href');
  const idle = await icon();
  await startButton(page).click();
  await allEvents(page);
  expect(await icon()).toMatch(/training-.*\.svg$/);
  expect((await fetch(new URL((await icon()) ?? '', page.url()))).status).toBe(200);
  await page.getByText('One pass over your textabout 5 min').waitFor();
  await page.getByText(/This round is done about \d+:\d\d.* The run is done about/).waitFor();
  await page.getByRole('button', { name: 'Pause', exact: true }).click();
  await expect.poll(() => page.title()).toBe('Paused – Tapestry');
  await page.getByRole('button', { name: 'Resume' }).click();
  await page.getByRole('button', { name: 'Finish' }).click();
  await expect.poll(() => page.title()).toBe('Contribute – Tapestry');
  expect(await icon()).toBe(idle);
});

test('a lost connection counts down, "Try now" does not wait, and neither does the page’s own stream', async () => {
  const { page, relay } = await open(scriptedWorker(events));
  await startButton(page).click();
  await state(page, 'Training');
  const problem = { code: 'relay.unreachable', message: 'The relay does not answer.', next: 'Wait.' };
  await emit(page, { event: 'retry', ...problem, attempt: 3, milliseconds: 600_000 });
  const countdown = page.getByText(/^Attempt 3, in \d+ s\./);
  const first = await countdown.textContent();
  await expect.poll(() => countdown.textContent()).not.toBe(first);
  const asked = () => page.workers()[0]?.evaluate('self.asked');
  await page.getByRole('button', { name: 'Try now' }).click();
  await expect.poll(asked).toEqual(['retry now']);
  relay.show(null);
  await page.getByText('Out of date').waitFor();
  relay.show(running);
  await expect.poll(asked, { timeout: 30_000 }).toEqual(['retry now', 'retry now']);
  const joined = events[1];
  if (joined === undefined) throw new Error('the script joins');
  await emit(page, joined);
  await countdown.waitFor({ state: 'detached' });
});

describe('nothing is lost by a click', () => {
  test('a reload asks first while the node is busy, and keeps the choices', async () => {
    const { page } = await open(scriptedWorker(events).replace('tokenNeeded: false', 'tokenNeeded: true'));
    const asked: string[] = [];
    page.on('dialog', (dialog) => {
      asked.push(dialog.type());
      void dialog.accept();
    });
    await page.getByLabel('Join token').fill('loom');
    await page.getByLabel('Corpus', { exact: true }).selectOption('Germanic');
    await page.getByLabel('Stop after').selectOption('3');
    await page.getByRole('slider', { name: 'Power' }).press('ArrowLeft');
    await page.reload();
    expect(asked).toEqual([]);
    await startButton(page).click();
    await state(page, 'Training');
    const brand = page.getByRole('link', { name: 'Tapestry' });
    await brand.click();
    await state(page, 'Training');
    expect(await page.getByRole('link', { name: 'Dashboard' }).getAttribute('target')).toBe('_blank');
    await page.reload();
    expect(asked).toEqual(['beforeunload']);
    expect(await page.getByLabel('Join token').inputValue()).toBe('loom');
    await expect.poll(() => page.getByLabel('Corpus', { exact: true }).inputValue()).toBe('Germanic');
    expect(await page.getByLabel('Stop after').inputValue()).toBe('3');
    expect(await page.getByRole('slider', { name: 'Power' }).inputValue()).toBe('90');
  });

  test('files are named after an error, and after a reload as those to choose again', async () => {
    const failed = {
      event: 'failed',
      code: 'corpus.none',
      message: 'No text.',
      next: 'Give text.',
      evidence: [],
    };
    const { page } = await open(scriptedWorker([failed]));
    await page.getByLabel('Your own files').check();
    const file = { name: 'notes.md', mimeType: 'text/markdown', buffer: Buffer.from('text') };
    const paper = { name: 'paper.pdf', mimeType: 'application/pdf', buffer: Buffer.from('%PDF-1.7') };
    await page.getByLabel('Files', { exact: true }).setInputFiles([file, paper]);
    const refused = page.getByText('paper.pdf is a PDF document.');
    await refused.waitFor();
    await page.setViewportSize({ width: 390, height: 664 });
    expect(await inaccessible(page)).toEqual([]);
    await page.getByLabel('Files', { exact: true }).setInputFiles([file]);
    await page.getByText('2.05 MB of text can be used').waitFor();
    await page.getByText('Call me Ishmael.').waitFor();
    expect(await refused.count()).toBe(0);
    await startButton(page).click();
    await page.getByRole('alert').waitFor();
    await page.getByText('1 file, 4 bytes: notes.md.').waitFor();
    await page.reload();
    await page.getByText('Choose these files again: notes.md.').waitFor();
  });
});

describe('being away', () => {
  test('a pause of some minutes says when training resumes, and resumes by itself', async () => {
    const { page } = await open(scriptedWorker(events));
    await page.clock.install();
    await startButton(page).click();
    await allEvents(page);
    await page.getByLabel('Minutes of pause').fill('5');
    await page.getByRole('button', { name: 'Pause for this time' }).click();
    await state(page, 'Paused');
    await page.getByText(/Training resumes at/).waitFor();
    await page.clock.fastForward('05:01');
    await state(page, 'Training');
    expect(await page.getByText(/Training resumes at/).count()).toBe(0);
  });

  test('the node pauses by itself on battery, outside its weekly times and while the page is used, and says why', async () => {
    const { page } = await open(scriptedWorker(events));
    await page.addInitScript(`
      window.battery = Object.assign(new EventTarget(), { charging: true });
      navigator.getBattery = async () => battery;
      delete window.IdleDetector;`);
    await page.clock.install({ time: new Date(2026, 6, 15, 21, 50) });
    await page.reload();
    await page.getByText('NVIDIA GeForce RTX 4070').waitFor();
    await page.getByText('When you are away').click();
    const battery = (charging: boolean) =>
      page.evaluate(`battery.charging = ${charging}; battery.dispatchEvent(new Event('chargingchange'));`);
    await page.getByLabel('Pause on battery').check();
    await battery(false);
    await startButton(page).click();
    await page.getByText('The device runs on battery. Training goes on when it is plugged in.').waitFor();
    await state(page, 'Paused');
    await battery(true);
    await state(page, 'Training');

    await page.getByLabel('Train only at weekly times').check();
    await page.getByText(/outside your weekly times. Training goes on at 10:00.PM/).waitFor();
    expect(await inaccessible(page)).toEqual([]);
    await page.clock.fastForward('11:00');
    await state(page, 'Training');

    await page.getByLabel('Train only while nobody uses the device').check();
    await page.getByText(/You use this page. Training goes on after 3 minutes/).waitFor();
    await page.clock.fastForward('03:01');
    await state(page, 'Training');
    await page.mouse.move(20, 20);
    await state(page, 'Paused');
    await page.getByRole('button', { name: 'Resume' }).click();
    await state(page, 'Training');
    expect(await page.getByText('You use this page').count()).toBe(0);
  });

  test('the node leaves after the chosen number of accepted rounds', async () => {
    const { page } = await open(scriptedWorker(events.slice(0, -1)));
    await page.getByLabel('Stop after').selectOption('1');
    await startButton(page).click();
    await state(page, 'Finished. Thank you.');
  });

  test('the screen stays awake, and a chosen tone plays, while training only', async () => {
    const { page } = await open(scriptedWorker(events));
    const held = await countedWakeLocks(page);
    await page.evaluate(`
      window.tones = [];
      window.AudioContext = class extends AudioContext { constructor() { super(); tones.push(this); } };
      0;`);
    const tones = () => page.evaluate('tones.map(({ state }) => state).join()');
    expect(await held()).toBe(0);
    await page.getByText('When you are away').click();
    await page.getByLabel('Play an inaudible tone').check();
    expect(await tones()).toBe('');
    await startButton(page).click();
    await allEvents(page);
    await expect.poll(held).toBe(1);
    await expect.poll(tones).toBe('running');
    await page.getByRole('button', { name: 'Pause', exact: true }).click();
    await expect.poll(held).toBe(0);
    await expect.poll(tones).toBe('closed');
    await page.getByRole('button', { name: 'Resume' }).click();
    await expect.poll(held).toBe(1);
    await page.getByRole('button', { name: 'Finish' }).click();
    await expect.poll(held).toBe(0);
  });

  test('a second tab says calmly that the first trains, leads to it, and is ready when the first has ended', async () => {
    const holding = scriptedWorker(events).replace(
      'async start() {',
      "async start() {\n    navigator.locks.request('tapestry contributing', () => new Promise((end) => { self.end = end; }));",
    );
    const { page, relay, problems } = await open(holding);
    await startButton(page).click();
    await state(page, 'Training');
    const second = await page.context().newPage();
    await second.goto(relay.url);
    await second.getByRole('heading', { name: 'Another tab of this browser is training' }).waitFor();
    await second.getByText('46% · round 3 of 20 – Tapestry').waitFor();
    expect(await startButton(second).count()).toBe(0);
    expect(await inaccessible(second)).toEqual([]);
    await second.getByRole('button', { name: 'Show me that tab' }).click();
    await page.getByRole('button', { name: 'Finish' }).click();
    await page.workers()[0]?.evaluate('self.end()');
    await startButton(second).waitFor();
    expect(problems).toEqual([]);
  });
});
