// `npm run screenshots`: takes pictures of a relay's pages into docs/screenshots. A real run is trained meanwhile, by three nodes and
// a tab on this machine; nothing is scripted or made up. It takes a few minutes without a GPU.

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { Page } from 'playwright';
import { launchBrowser } from '../../bench/browser.ts';
import { Camera } from './camera.ts';
import { type Command, start } from './commands.ts';
import { indexOf } from './gallery.ts';
import { takeStudio } from './studio.ts';

/** A run that a machine without a GPU trains in minutes: many short rounds, for the sake of the charts. */
const [rounds, nodes] = [12, 3];
const size = ['--preset', 'nano', '--rounds', String(rounds), '--steps', '10', '--batch', '2'];
// Each round waits for the tab, which is much slower on a software adapter.
const pace = ['--pace', 'fixed', '--grace', '600', '--deadline', '3600'];
const corpora = ['Slavic', 'Turkic', 'Bantu'];
const [token, secret] = ['warp-and-weft', 'shuttle-heddle-reed-beam'];

const docs = join(import.meta.dirname, '../../docs/screenshots');
const folder = await mkdtemp(join(tmpdir(), 'tapestry-screenshots-'));
const running: Command[] = [];
const browser = await launchBrowser('swiftshader');
// Ctrl-C: the commands end with this process.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
const say = (text: string) => process.stderr.write(`${text}\n`);

function command(...words: readonly string[]): Command {
  const started = start(...words);
  running.push(started);
  return started;
}

async function open(url: string): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1366, height: 768 }, locale: 'en-GB' });
  // The machine has two cores for everything.
  context.setDefaultTimeout(600_000);
  const page = await context.newPage();
  await page.goto(url);
  return page;
}

const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });

/** Saves the run's last base from a tab that contributed, as a model's folder. */
async function takeBase(tab: Page, base: string): Promise<void> {
  await button(tab, 'Prepare the files').click();
  const links = tab.getByRole('list', { name: 'Files' }).getByRole('link');
  await links.first().waitFor();
  await mkdir(base);
  for (const link of await links.all()) {
    const [file] = await Promise.all([tab.waitForEvent('download'), link.click()]);
    await file.saveAs(join(base, file.suggestedFilename()));
  }
}

/** Waits until a relay has committed so many rounds. */
async function committed(relay: string, least: number): Promise<void> {
  for (;;) {
    const status: { base: { round: number } } = await (await fetch(`${relay}api/status`)).json();
    if (status.base.round >= least) return;
    await setTimeout(500);
  }
}

/** A relay with a certificate of its own, whose links begin at the page before a browser's warning. */
async function takeWarning(camera: Camera): Promise<void> {
  const relay = command(
    'relay',
    '--data',
    join(folder, 'encrypted'),
    '--port',
    '0',
    '--tls',
    'auto',
    ...size,
  );
  const { contribute } = await relay.said('listening');
  const page = await open(String(contribute));
  await camera.take(page, 'warning', ['wide', 'narrow']);
  await page.close();
  await relay.stop();
}

try {
  const camera = await Camera.into(docs);
  say('The page before the warning of a browser.');
  await takeWarning(camera);
  say('A relay starts, in its lobby.');
  const data = join(folder, 'relay');
  const rules = ['--token', token, '--presenter-secret', secret, '--name', 'Workshop, Tuesday'];
  const relay = command('relay', '--data', data, '--port', '0', ...size, ...pace, ...rules);
  const { contribute } = await relay.said('listening');
  const address = new URL('/', String(contribute)).href;

  const tab = await open(`${address}#token=${token}`);
  await tab.getByText('software').first().waitFor();
  await camera.take(tab, 'contribute-before', ['wide', 'narrow']);
  await tab.getByLabel('Corpus', { exact: true }).selectOption('Celtic');
  await button(tab, 'Start').click();
  for (const corpus of corpora)
    command('join', address, '--token', token, '--corpus', corpus, '--data', join(folder, corpus));
  const wall = await open(`${address}dashboard#token=${token}&presenter=${secret}`);
  await wall.getByText(`${nodes + 1} here.`).waitFor();
  await camera.take(wall, 'dashboard-lobby', ['wide']);
  await button(wall, 'Start').click();

  say('The run begins.');
  await committed(address, 4);
  await tab.locator('#state', { hasText: 'Training' }).waitFor();
  await camera.take(tab, 'contribute-while', ['wide', 'narrow']);
  await tab.getByRole('button', { name: 'Open Chunk' }).click();
  await tab.getByText('SHA-256 is the one').waitFor();
  await camera.take(tab, 'contribute-envelope', ['wide', 'narrow'], 'viewport');
  await tab.getByRole('heading', { name: 'What could be guessed from it' }).scrollIntoViewIfNeeded();
  await camera.take(tab, 'contribute-attacks', ['wide', 'narrow'], 'viewport');
  await button(tab, 'Close').click();
  await committed(address, rounds - 4);
  await camera.take(wall, 'dashboard', ['wide', 'narrow']);
  await button(wall, 'Present').click();
  for (const [at, name] of ['Join', 'Weave', 'Learn', 'Speak', 'Thanks'].entries()) {
    await wall.keyboard.press(String(at + 1));
    await wall.getByRole('region', { name, exact: true }).waitFor();
    if (name === 'Thanks') await committed(address, rounds);
    await camera.take(wall, `scene-${name.toLowerCase()}`, ['hall'], 'viewport');
  }
  await wall.keyboard.press('Escape');
  await tab.getByText('The run is complete. Thank you.').waitFor();
  await camera.take(tab, 'contribute-after', ['wide', 'narrow']);

  say('The audit.');
  const audit = await open(`${address}audit`);
  await button(audit, 'Start the audit').click();
  // Only members may read the contributions of a run with a token.
  await audit.getByRole('alert').waitFor();
  await audit.getByLabel('Only where the run shows').fill(token);
  await audit.keyboard.press('Enter');
  await audit.getByRole('heading', { name: 'Intact: nothing was changed' }).waitFor();
  await audit
    .locator('.cell')
    .nth(2 * rounds)
    .click();
  await camera.take(audit, 'audit', ['wide', 'narrow']);

  const base = join(folder, 'workshop');
  await takeBase(tab, base);
  // What is not shown any more must not take the processor from what trains.
  for (const page of [tab, wall, audit]) await page.close();
  say('The studio.');
  const studio = command('studio', '--port', '0');
  const { url } = await studio.said('studio');
  await takeStudio(camera, await open(String(url)), base, folder);

  await writeFile(join(docs, 'README.md'), indexOf(camera.pictures));
  const bytes = camera.pictures.reduce((sum, picture) => sum + picture.bytes, 0);
  say(`${camera.pictures.length} pictures, ${(bytes / 1e6).toFixed(2)} MB, in docs/screenshots.`);
} finally {
  await browser.close();
  await Promise.all(running.map((one) => one.stop()));
  await rm(folder, { recursive: true, force: true });
}
