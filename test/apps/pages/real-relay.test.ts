import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import type { Browser, Page } from 'playwright';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadModel } from '../../../apps/cli/model/model-folder.ts';
import { newRun } from '../../../apps/cli/run/new-run.ts';
import { launchBrowser } from '../../../bench/browser.ts';
import { modelFileNames, parametersHash } from '../../../client/formats/model-folder.ts';
import { type Relay, startRelay } from '../../../relay/server/server.ts';
import { receiptsIn } from '../../../relay/wire/evidence/receipt.ts';
import { maxChunkBytes } from '../../../relay/wire/frames.ts';
import { inaccessible } from '../../support/pages/accessible.ts';
import { openWatched } from '../../support/pages/watched-page.ts';
import { type Built, built, runTapestry } from '../../system/built.ts';

let build: Built;
let browser: Browser;
let folder: string;
let relay: Relay;
const token = 'loom';

beforeAll(async () => {
  build = await built();
  browser = await launchBrowser('swiftshader');
  folder = await mkdtemp(join(tmpdir(), 'relay-'));
  relay = await startRelay({
    folder,
    host: '127.0.0.1',
    port: 0,
    tls: 'off',
    token,
    pages: build.pages,
    log: pino({ level: 'silent' }),
    create: newRun({
      name: 'One tab',
      preset: 'nano',
      rounds: 3,
      steps: 2,
      batch: 1,
      corpora: ['Baltic', 'Celtic'],
      quorum: 1,
      deadlineMs: 3_600_000,
      graceMs: 1_000,
      maxNodes: 4,
      readers: 'anyone',
      seed: 1,
      created: 1_700_000_000_000,
    }),
  });
});

afterAll(async () => {
  await browser.close();
  await relay.close();
  await rm(folder, { recursive: true, force: true });
});

test('the link to the schema shows every message', async () => {
  const { page, close } = await openWatched(browser);
  await page.goto(relay.url.href);
  await page.getByText('A delta can still reveal parts of your text').waitFor();
  const href = await page.getByRole('link', { name: 'Read every message' }).getAttribute('href');
  const response = await fetch(new URL(href ?? '', relay.url));
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toMatch(/^text\/plain/);
  expect(await response.text()).toContain('message ToRelay');
  await close();
});

/**
 * The page's own bytes are those of its document, scripts, pictures and status, and the scripts of its worker; none of the bases, which
 * the node received.
 */
async function expectPageBytes(page: Page): Promise<void> {
  const loaded = await page.evaluate(() => {
    const entries = ['navigation', 'resource'].flatMap((type) => performance.getEntriesByType(type));
    return entries
      .filter(({ name }) => !name.endsWith('/api/events'))
      .reduce((sum, entry) => sum + (entry instanceof PerformanceResourceTiming ? entry.transferSize : 0), 0);
  });
  expect(loaded).toBeGreaterThan(100_000);
  const shown = await page.locator('#page-bytes').textContent();
  expect(shown).toMatch(/^[\d.]+\s[kM]B$/);
  const bytes = Number.parseFloat(shown ?? '') * (shown?.endsWith('MB') ? 1e6 : 1e3);
  expect(bytes).toBeGreaterThan(0.99 * loaded);
  // Four bases of the run came meanwhile.
  expect(bytes).toBeLessThan(loaded + relay.status().base.bytes);
}

/** Lets the bases before and after the last round go on with a prompt. */
async function tryBase(page: Page): Promise<void> {
  await page.getByLabel('Begin with').fill('Sine ira ');
  await page.getByRole('button', { name: 'Write', exact: true }).click();
  await page.getByText('The texts are whole.').waitFor({ state: 'attached' });
  const texts = await page.locator('.draft .text').allTextContents();
  expect(await page.locator('.draft h3').allTextContents()).toEqual(['After round 2', 'After round 3']);
  for (const text of texts) expect(text).toMatch(/^Sine ira .{20,}/s);
  expect(texts[0]).not.toBe(texts[1]);
}

/** Saves the run's last base from the tab, and reads it as the command line does. */
async function takeBase(page: Page): Promise<void> {
  expect(await page.getByRole('button', { name: /^Start/ }).count()).toBe(0);
  await page.getByRole('button', { name: 'Prepare the files' }).click();
  const links = page.getByRole('list', { name: 'Files' }).getByRole('link');
  await links.first().waitFor();
  const taken = await mkdtemp(join(tmpdir(), 'taken-'));
  for (const link of await links.all()) {
    const [file] = await Promise.all([page.waitForEvent('download'), link.click()]);
    await file.saveAs(join(taken, file.suggestedFilename()));
  }
  expect((await readdir(taken)).sort()).toEqual([...modelFileNames].sort());
  const { metadata, parameters } = await loadModel(taken);
  const base = await relay.base();
  expect(metadata).toMatchObject({
    'tapestry.kind': 'base',
    'tapestry.run': relay.runId,
    'tapestry.round': '3',
  });
  expect(parametersHash(parameters)).toBe(base.hash);
  const card = await readFile(join(taken, 'README.md'), 'utf8');
  expect(card).toContain('| Contributions merged | 3 |');
  // The relay knows no loss of the last base; this tab has measured it.
  expect(card).toMatch(/\| Celtic \| \d\.\d{3} \| \d\.\d{3}, measured by the node that wrote this card \|/);
  expect(card).toMatch(/\| \*\*Mean\*\* \| not measured \| not measured \|/);
  await rm(taken, { recursive: true, force: true });
}

/** A browser without WebGPU writes with the base, votes, and takes its votes along. */
async function voteWithoutGpu(page: Page): Promise<void> {
  await page.route('**/contribute-worker-*.js', async (route) => {
    const response = await route.fetch();
    const body = `Reflect.deleteProperty(WorkerNavigator.prototype, 'gpu');\n${await response.text()}`;
    await route.fulfill({ response, body });
  });
  await page.goto(relay.url.href);
  await page
    .getByRole('option', { name: 'two texts of the newest base', selected: true })
    .waitFor({ state: 'attached' });
  await page.getByText('downloaded from the relay first, 2.2 MB each').waitFor();
  await page.getByRole('button', { name: 'Write', exact: true }).click();
  await page.getByRole('button', { name: 'Text B is better' }).click();
  await page.getByText('1 vote is stored on this device.').waitFor();
  const [, better = ''] = await page.locator('.draft .text').allTextContents();
  const [file] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Download your votes' }).click(),
  ]);
  const { prompt, chosen } = JSON.parse(await readFile(await file.path(), 'utf8'));
  expect(prompt + chosen).toBe(better);
}

test('a bad file of the visitor is named and the others are used; without any file contributing ends', async () => {
  const { page, close } = await openWatched(browser);
  await page.goto(new URL('/#token=another', relay.url).href);
  await page.getByLabel('Your own files').check();
  await page.getByText('Choose at least one file, or paste a text.').waitFor();
  const bad = { name: 'damaged.txt', mimeType: 'text/plain', buffer: Buffer.from([0x81, 0x74, 0x81]) };
  const good = {
    name: 'notes.md',
    mimeType: 'text/markdown',
    buffer: Buffer.from('Une ligne à lire, un café. '.repeat(200), 'latin1'),
  };

  await page.getByLabel('Files', { exact: true }).setInputFiles([bad]);
  await page.getByRole('button', { name: 'Start' }).click();
  await page.getByRole('alert').filter({ hasText: 'corpus.none' }).waitFor();

  await page.getByLabel('Files', { exact: true }).setInputFiles([bad, good]);
  await page.getByText('5.8 kB of text can be used').waitFor();
  await page.getByText(/^Une ligne à lire, un café\./).waitFor();
  await page.getByText('notes.md is not UTF-8 and was read as Windows-1252.').waitFor();
  await page.getByRole('button', { name: 'Start again' }).click();
  // Both the notice and the text's own field may say it.
  await page
    .getByText(/damaged\.txt has bytes that are not UTF-8 text/)
    .first()
    .waitFor();
  // This node never joins, so that the run is whole for the next test.
  await page.getByText('relay.bad-token').waitFor();
  await close();
});

test('a tab contributes to a relay, leaves, and forgets', async () => {
  const { page, problems, close } = await openWatched(browser);
  await page.goto(relay.url.href);
  const start = page.getByRole('button', { name: 'Start' });
  await page.getByText('software').first().waitFor();

  // The relay's own challenge says that a token is needed.
  expect(await start.isDisabled()).toBe(true);
  await page.getByLabel('Join token').fill('another');
  await start.click();
  await page.getByText('relay.bad-token').waitFor();
  expect(relay.status().history).toHaveLength(0);

  await page.getByLabel('Join token').fill(token);
  await page.getByLabel('Corpus', { exact: true }).selectOption('Celtic');
  await page.getByRole('button', { name: 'Start again' }).click();
  await page.getByText('The run is complete. Thank you.').waitFor();

  const { history, totals } = relay.status();
  expect(history.map(({ contributions }) => contributions)).toEqual([1, 1, 1]);
  const accepted = page.locator('.yours div', { hasText: 'Contributions accepted' }).locator('dd');
  expect(await accepted.textContent()).toBe('3');
  const share = page.locator('.yours div', { hasText: 'Share of the run' }).locator('dd');
  await expect.poll(() => share.textContent()).toBe('100%');
  const sent = page.locator('.sent tbody tr', { hasText: 'Chunk' }).locator('td').first();
  expect(await sent.textContent()).toMatch(/MB$/);
  expect(totals.bytesUp).toBeGreaterThan(1_000_000);

  // What was sent is opened, by keys alone.
  const openChunks = page.getByRole('button', { name: 'Open Chunk' });
  await openChunks.press('Enter');
  const envelope = page.getByRole('dialog', { name: 'Chunk' });
  await envelope.getByText(/delta of round 3, .*SHA-256 is the one that the offer names/).waitFor();
  await envelope.getByRole('cell', { name: /^[0-9a-f]{128} … and [\d.]+\skB more$/ }).waitFor();
  const messages = envelope.getByLabel('Message', { exact: true });
  const chunks = Math.ceil(relay.manifest.limits.payloadBytes / maxChunkBytes);
  expect(await messages.locator('option').count()).toBe(3 * chunks);
  await envelope.getByRole('rowheader', { name: 'embed_tokens.weight' }).waitFor();
  const drawn = await envelope
    .locator('canvas')
    .first()
    .evaluate((canvas) => {
      if (!(canvas instanceof HTMLCanvasElement)) return [];
      return [...(canvas.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height).data ?? [])];
    });
  expect(drawn.some((value) => value > 0)).toBe(true);
  await envelope.getByText('Tokens that the attack names').waitFor();
  expect(await inaccessible(page)).toEqual([]);
  await page.keyboard.press('Escape');
  expect(await openChunks.evaluate((button) => button === document.activeElement)).toBe(true);
  await page.getByRole('button', { name: 'Open Offer' }).press('Enter');
  await page.getByRole('rowheader', { name: 'held_out_loss' }).waitFor();
  await page.getByRole('button', { name: 'Close' }).press('Enter');

  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Download your receipts' }).press('Enter'),
  ]);
  expect(download.suggestedFilename()).toMatch(/^receipts-[0-9a-f]{16}\.txt$/);
  const receipts = await download.path();
  expect(receiptsIn(await readFile(receipts)).map(({ round }) => round)).toEqual([1, 2, 3]);
  const [picture] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Save the picture' }).click(),
  ]);
  const ownCloth = await readFile(await picture.path(), 'utf8');
  expect(ownCloth).toContain('class="own-round"');
  expect(ownCloth).toContain('class="own"');
  const command = await page.locator('.receipts code').textContent();
  expect(command).toBe(`tapestry verify ${relay.url.href} --receipt receipts-….txt`);
  expect((await runTapestry(build, ['verify', relay.url.href, '--receipt', receipts])).code).toBe(0);

  await expectPageBytes(page);
  await tryBase(page);
  await takeBase(page);
  const watching = await openWatched(browser);
  await voteWithoutGpu(watching.page);
  expect(watching.problems).toEqual([]);
  await watching.close();

  const room = await openWatched(browser, { viewport: { width: 1280, height: 800 } });
  await room.page.goto(new URL('/dashboard', relay.url).href);
  await room.page.getByText('All 3 rounds are complete').waitFor();
  const losses = await room.page.locator('.legend li').allTextContents();
  expect(losses.map((text) => text.replace(/[\d.]+$/, '').trim())).toEqual(['Training, all nodes', 'Celtic']);
  expect(room.problems).toEqual([]);
  await room.close();

  // Another page of the same origin stores something too.
  await page.evaluate(async () => {
    const root = await navigator.storage.getDirectory();
    await root.getFileHandle('another-page.txt', { create: true });
    await new Promise((resolve) => {
      const open = indexedDB.open('keyval-store');
      open.onsuccess = () => {
        const stores = open.result.transaction('keyval', 'readwrite');
        stores.objectStore('keyval').put('theirs', 'another page');
        stores.oncomplete = resolve;
      };
    });
  });
  await page.getByRole('button', { name: 'Forget me on this device' }).click();
  await Promise.all([
    page.waitForEvent('load'),
    page.getByRole('button', { name: 'Remove them now' }).click(),
  ]);
  const kept = await page.evaluate(async () => {
    const names: string[] = [];
    const root = await navigator.storage.getDirectory();
    for await (const name of root.keys()) names.push(name);
    const key = await new Promise((resolve) => {
      const open = indexedDB.open('keyval-store');
      open.onsuccess = () => {
        const stores = open.result;
        const count = stores.transaction('keyval').objectStore('keyval').count();
        count.onsuccess = () => resolve(count.result);
      };
    });
    return { names, key };
  });
  expect(kept).toEqual({ names: ['another-page.txt'], key: 1 });
  expect(problems).toEqual([]);
  await close();
});
