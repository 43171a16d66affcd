import { mkdtempSync, rmSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import AxeBuilder from '@axe-core/playwright';
import type { Browser, Locator, Page } from 'playwright';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type StudioServer, serveStudio } from '../../../apps/cli/studio/server.ts';
import { launchBrowser } from '../../../bench/browser.ts';
import { openPeftAdapter } from '../../../client/formats/peft/adapter.ts';
import { sourceOf } from '../../../client/formats/tensors/byte-source.ts';
import { openSafetensors } from '../../../client/formats/tensors/safetensors-source.ts';
import { smallBase } from '../../support/train/small-base.ts';
import { built } from '../../system/built.ts';
import { openWatched, type WatchedPage } from './watched-page.ts';

let browser: Browser;
let server: StudioServer;
let opened: WatchedPage;
let base: string;
const folder = mkdtempSync(join(tmpdir(), 'tapestry-studio-'));
/** Addresses outside this machine that the page asked for. */
const abroad: string[] = [];

const answers = Array.from({ length: 40 }, (_, at) => ({
  prompt: `What is ${at}? `,
  completion: `${at % 5}`,
}));
const baseText = 'All human beings are born free and equal in dignity and rights. '.repeat(40);

beforeAll(async () => {
  const { studio } = await built();
  base = await smallBase(folder);
  await writeFile(join(folder, 'answers.jsonl'), answers.map((row) => JSON.stringify(row)).join('\n'));
  server = await serveStudio(studio, 0);
  browser = await launchBrowser('swiftshader');
  opened = await openWatched(browser, { viewport: { width: 1440, height: 900 } });
  opened.page.context().on('request', (request) => {
    const { protocol, hostname } = new URL(request.url());
    if (protocol !== 'blob:' && hostname !== 'localhost') abroad.push(request.url());
  });
  // Playwright takes choosers over while anyone listens, and begins to do so beside the keys that it sends: a chooser that is
  // opened at once may come too soon. With this listener it does so from the first page on.
  opened.page.on('filechooser', () => {});
  await opened.page.goto(server.url);
});
afterAll(async () => {
  await opened.close();
  await browser.close();
  server.close();
  rmSync(folder, { recursive: true });
});

const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });

/** Moves the focus by the keyboard alone to a control, once it can be used, by the shorter way. */
async function reach(page: Page, control: Locator): Promise<void> {
  await expect.poll(() => control.isEnabled()).toBe(true);
  const nextKey = () =>
    control.evaluate((wanted) => {
      const at = document.activeElement ?? document.body;
      if (at === wanted) return null;
      return at.compareDocumentPosition(wanted) & Node.DOCUMENT_POSITION_PRECEDING ? 'Shift+Tab' : 'Tab';
    });
  for (let presses = 0; presses < 150; presses++) {
    const key = await nextKey();
    if (key === null) return;
    await page.keyboard.press(key);
  }
  throw new Error(`150 presses of Tab do not reach ${control}`);
}

/** Presses a button once it can be pressed, by the keyboard alone. */
async function press(page: Page, name: string): Promise<void> {
  await reach(page, button(page, name));
  await page.keyboard.press('Enter');
}

/** Opens a chooser by the keyboard, and chooses a file or a folder. */
async function choose(page: Page, name: string, path: string): Promise<void> {
  await reach(page, page.getByLabel(name, { exact: true }));
  const [chooser] = await Promise.all([page.waitForEvent('filechooser'), page.keyboard.press('Enter')]);
  await chooser.setFiles(path);
}

/** Drops a file on the page, which says that it takes it. */
async function drop(page: Page, name: string, text: string): Promise<void> {
  const dataTransfer = await page.evaluateHandle(
    ([file, content]) => {
      const transfer = new DataTransfer();
      transfer.items.add(new File([content], file));
      return transfer;
    },
    [name, text] as const,
  );
  await page.dispatchEvent('h1', 'dragover', { dataTransfer });
  await page.getByText('Drop to add').waitFor();
  await page.dispatchEvent('h1', 'drop', { dataTransfer });
}

/** Accessibility problems by axe's rules of WCAG 2.2 A and AA, and of good practice. */
async function inaccessible(page: Page): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
}

const overflow = (page: Page) =>
  page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

test('imports a base and data, and shows rows as tokens with their loss', async () => {
  const { page } = opened;
  await page.getByText('No model yet.').waitFor();
  await choose(page, 'Choose a folder', base);
  await page.getByRole('radio', { name: /^small/, checked: true }).waitFor();
  await choose(page, 'Choose files', join(folder, 'answers.jsonl'));
  await page.getByRole('checkbox', { name: /^answers.jsonl/, checked: true }).waitFor();
  await drop(page, 'rights.txt', baseText);
  await page.getByRole('checkbox', { name: /^rights.txt/ }).waitFor();
  await expect.poll(() => page.getByLabel('Base text from').inputValue()).toBe('rights.txt');

  await press(page, 'Look at answers.jsonl');
  await page.getByText('2 of 14 tokens carry loss').waitFor();
  expect(await page.locator('.tokens mark').allTextContents()).toEqual(['0', '<|end|>']);
  await press(page, 'Next');
  await expect.poll(() => page.locator('.tokens mark').first().textContent()).toBe('1');
  await press(page, 'Close');
});

test('names what it cannot use, with the next action', async () => {
  const { page } = opened;
  await drop(page, 'song.mp3', 'x');
  await page.getByText('song.mp3 is no model, dataset or recipe').waitFor();
  await press(page, 'Dismiss');
});

test('the form and the YAML say the same', async () => {
  const { page } = opened;
  await page.getByLabel('Epochs').fill('2');
  await page.getByLabel('Learning rate').fill('0.01');
  await page.getByText('The recipe as YAML').click();
  const yaml = page.getByRole('textbox', { name: 'The recipe as YAML' });
  await page.getByLabel('Rank of the adapter').fill('4');
  await yaml.focus();
  const text = await yaml.inputValue();
  expect(text).toContain('base_model: small');
  expect(text).toContain('lora_r: 4');
  expect(text).toContain('learning_rate: 0.01');
  await yaml.fill(`${text}no_such_key: 1\n`);
  await page.getByRole('alert').filter({ hasText: 'no_such_key' }).waitFor();
  await yaml.fill(`${text}eval_steps: 4\n`);
  await page.getByRole('alert').waitFor({ state: 'detached' });
  await page.getByText('The recipe as YAML').click();
});

test('trains the instruct stage after its plan, and compares the result blind', async () => {
  const { page } = opened;
  await press(page, 'Work out the plan');
  await page.getByText('answers.jsonl: 40 rows').waitFor();
  await press(page, 'Start training');
  await page.getByText('small-instruct is ready.').waitFor();
  const row = await page
    .getByRole('row', { name: /Held-out rows/ })
    .getByRole('cell')
    .allTextContents();
  expect(Number(row[1])).toBeLessThan(Number(row[0]));

  await page.getByLabel('Longest answer').selectOption('20');
  for (const winner of ['Left is better', 'Right is better', 'Left is better']) {
    await press(page, 'A prompt from the data');
    await expect.poll(() => page.getByLabel('Prompt').inputValue()).not.toBe('');
    await press(page, 'Answer');
    await press(page, winner);
    await page.getByText('This was small-instruct.').waitFor();
  }
  await page.getByText('3 pairs in votes.jsonl').waitFor();
});

test('trains on the votes at once', async () => {
  const { page } = opened;
  await press(page, 'Train on the votes');
  await page.getByText('small-instruct-prefer is ready.').waitFor();
  expect(await page.getByLabel('Stage').inputValue()).toBe('prefer');
});

test('exports a folder, a GGUF file and the adapter', async () => {
  const { page } = opened;
  await page.getByLabel('Model', { exact: true }).selectOption('small-instruct');
  const prepared = async (format: string) => {
    await page.getByLabel('As', { exact: true }).selectOption(format);
    await press(page, 'Prepare the files');
    const links = page.getByRole('list', { name: 'Files' }).getByRole('link');
    await links.first().waitFor();
    return links;
  };
  expect(await (await prepared('gguf')).allTextContents()).toEqual(['small-instruct.gguf']);
  expect(await (await prepared('folder')).allTextContents()).toEqual(
    expect.arrayContaining(['model.safetensors', 'config.json', 'tokenizer.json', 'lineage.json']),
  );
  const links = await prepared('peft');
  const bytes = async (name: string) => {
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      links.filter({ hasText: name }).click(),
    ]);
    return new Uint8Array(await readFile(await download.path()));
  };
  const stored = await openSafetensors(sourceOf(await bytes('adapter_model.safetensors')));
  const adapter = openPeftAdapter(await bytes('adapter_config.json'), stored);
  expect(adapter).toMatchObject({ rank: 4, baseModel: 'small' });
  expect(adapter.metadata['tapestry.kind']).toBe('derivative');
});

test('says why a build fails; then too it is accessible and fits its screen: wide and narrow, light and dark', async () => {
  const { page } = opened;
  await page.getByText('The recipe as YAML').click();
  const yaml = page.getByRole('textbox', { name: 'The recipe as YAML' });
  const recipe = await yaml.inputValue();
  await yaml.fill(`${recipe}sequence_len: 4\n`);
  await press(page, 'Start training');
  await page.getByRole('alert').filter({ hasText: 'No row is left for the prefer stage' }).waitFor();
  for (const [width, colorScheme] of [
    [1440, 'light'],
    [360, 'dark'],
  ] as const) {
    await page.setViewportSize({ width, height: 900 });
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    expect(await inaccessible(page)).toEqual([]);
    expect(await overflow(page)).toBe(0);
  }
  await yaml.fill(recipe);
  await page.getByText('The recipe as YAML').click();
});

test('opens again without its server, and resumes a build that was stopped', async () => {
  const { page, problems } = opened;
  await page.setViewportSize({ width: 1440, height: 900 });
  await page.getByLabel('Epochs').fill('2000');
  await press(page, 'Start training');
  await page.getByText(/prefer: step [1-9][\d,]* of 2,000/).waitFor();
  await press(page, 'Stop');
  await page.getByText('Stopped; what was trained is kept').waitFor();
  const stopped = await stepOf(page);

  await page.getByText('Works offline').waitFor();
  server.close();
  await page.reload();
  await page.getByText('A build is unfinished.').waitFor();
  await page.getByRole('radio', { name: /^small-instruct-prefer/ }).waitFor();
  await press(page, 'Resume');
  await page.getByText(/prefer: step [1-9][\d,]* of 2,000/).waitFor();
  expect(await stepOf(page)).toBeGreaterThan(stopped);
  await press(page, 'Stop');
  await press(page, 'Discard');
  await button(page, 'Start training').waitFor();
  await page.getByText('Shared with others: nothing.').waitFor();
  expect(abroad).toEqual([]);
  expect(problems).toEqual([]);
});

/** The step that the page shows. */
async function stepOf(page: Page): Promise<number> {
  const text = await page.getByText(/: step [\d,]+ of/).textContent();
  return Number(/step ([\d,]+) of/.exec(text ?? '')?.[1]?.replaceAll(',', ''));
}
