import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type StudioServer, serveStudio } from '../../../apps/cli/studio/server.ts';
import { launchBrowser } from '../../../bench/browser.ts';
import { cardHash, type DataCard, encodeCard } from '../../../client/data/cards/card.ts';
import { constitutionHash, parseConstitution } from '../../../client/derive/constitution/constitution.ts';
import { parseLineage } from '../../../client/formats/lineage/lineage.ts';
import { openPeftAdapter } from '../../../client/formats/peft/adapter.ts';
import { sourceOf } from '../../../client/formats/tensors/byte-source.ts';
import { openSafetensors } from '../../../client/formats/tensors/safetensors-source.ts';
import { inaccessible } from '../../support/pages/accessible.ts';
import { button, choose, drop, expectAccessible, press } from '../../support/pages/studio-page.ts';
import { openWatched, type WatchedPage } from '../../support/pages/watched-page.ts';
import { smallBase } from '../../support/train/small-base.ts';
import { built } from '../../system/built.ts';

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
const answerLines = answers.map((row) => JSON.stringify(row)).join('\n');
const card: DataCard = {
  category: 'sovereign',
  licence: 'by the council’s terms',
  consent: 'council of elders, for builds at home',
  uses: ['build', 'export'],
  hash: createHash('sha256').update(answerLines).digest('hex'),
};
const constitution = `principles: [{id: no-four, text: Never say four., check: '4'}]
protected: [{id: thirteen, patterns: ['\\b13\\b']}]
`;
const baseText = 'All human beings are born free and equal in dignity and rights. '.repeat(40);

beforeAll(async () => {
  const { studio } = await built();
  base = await smallBase(folder);
  await writeFile(join(folder, 'answers.jsonl'), answerLines);
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

test('imports a base and data, and shows rows as tokens with their loss', async () => {
  const { page } = opened;
  await page.getByText('No model yet.').waitFor();
  await expectAccessible(page);
  await choose(page, 'Choose a folder', base);
  await page.getByRole('radio', { name: /^small/, checked: true }).waitFor();
  await choose(page, 'Choose files', join(folder, 'answers.jsonl'));
  await page.getByRole('checkbox', { name: /^answers.jsonl/, checked: true }).waitFor();
  await drop(page, { 'rights.txt': baseText });
  await page.getByRole('checkbox', { name: /^rights.txt/ }).waitFor();
  await expect.poll(() => page.getByLabel('Base text from').inputValue()).toBe('rights.txt');

  await press(page, 'Look at answers.jsonl');
  await page.getByText('2 of 14 tokens carry loss').waitFor();
  expect(await page.locator('.tokens mark').allTextContents()).toEqual(['0', '<|end|>']);
  await press(page, 'Next');
  await expect.poll(() => page.locator('.tokens mark').first().textContent()).toBe('1');
  await expectAccessible(page);
  // Also from right to left, and in colours that the person forces.
  await page.locator('.language select').selectOption('ar');
  await page.locator('html[dir="rtl"]').waitFor();
  await expectAccessible(page);
  await page.emulateMedia({ forcedColors: 'active' });
  expect(await inaccessible(page)).toEqual([]);
  await page.emulateMedia({ forcedColors: 'none' });
  await page.locator('.language select').selectOption('en');
  await page.locator('html[dir="ltr"]').waitFor();
});

test('a data card decides what may take part, and rules what is removed', async () => {
  const { page } = opened;
  await drop(page, { 'answers.jsonl.card.yaml': encodeCard(card), 'constitution.yaml': constitution });
  await page.getByText('sovereign · by the council’s terms').click();
  await page.getByText('council of elders, for builds at home').waitFor();
  await page.getByText('1 principle, 1 protected domain, 0 signatures').waitFor();
  await expect
    .poll(() => page.getByLabel('Constitution', { exact: true }).inputValue())
    .toBe('constitution.yaml');
  await page.getByRole('spinbutton').fill('14');
  await page.keyboard.press('Enter');
  await page.getByText('A build removes this row: it has a passage that thirteen protects.').waitFor();
  await press(page, 'Close');

  const hash = createHash('sha256').update('A song.').digest('hex');
  await drop(page, {
    'songs.txt': 'A song.',
    'songs.txt.card.yaml': encodeCard({ ...card, uses: ['export'], hash }),
    'other.txt': 'Another song.',
    'other.txt.card.yaml': encodeCard({ ...card, hash }),
  });
  await page
    .getByText('songs.txt is sovereign data, whose card does not let it take part in builds.')
    .waitFor();
  await page.getByText('other.txt is not the file that other.txt.card.yaml is of').waitFor();
  expect(await page.getByRole('checkbox', { name: /^(songs|other).txt/, checked: false }).count()).toBe(2);
  await press(page, 'Remove songs.txt');
  await press(page, 'Remove other.txt');
  await page.getByRole('checkbox', { name: /^songs.txt/ }).waitFor({ state: 'detached' });
});

test('names what it cannot use, with the next action', async () => {
  const { page } = opened;
  await drop(page, { 'song.mp3': 'x' });
  await page.getByText('song.mp3 is no model, data, recipe or rule').waitFor();
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
  await page.getByText('1 that thirteen protects').waitFor();
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
  await press(page, 'Count breaches');
  const breaches = page.getByRole('table').filter({ hasText: 'Principle: no-four' });
  await breaches.waitFor();
  expect(await breaches.getByRole('columnheader').allTextContents()).toEqual(['small', 'small-instruct']);
  expect(await breaches.getByRole('row', { name: /Any rule/ }).textContent()).toMatch(/\d+ \([\d.]+%\)/);
  await expectAccessible(page);
});

test('says why a build fails', async () => {
  const { page } = opened;
  const recipe = await recipeOf(page);
  await setRecipe(page, `${recipe}sequence_len: 4\n`);
  await press(page, 'Start training');
  await page.getByRole('alert').filter({ hasText: 'No row is left for the instruct stage' }).waitFor();
  await setRecipe(page, recipe);
});

test('exports a folder, a GGUF file and the adapter', async () => {
  const { page } = opened;
  await page.getByLabel('Model', { exact: true }).selectOption('small-instruct');
  const links = page.getByRole('list', { name: 'Files' }).getByRole('link');
  const prepared = async (format: string) => {
    await page.getByLabel('As', { exact: true }).selectOption(format);
    await press(page, 'Prepare the files');
    await links.first().waitFor();
    return links.allTextContents();
  };
  const bytes = async (name: string) => {
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('link', { name, exact: true }).click(),
    ]);
    return new Uint8Array(await readFile(await download.path()));
  };
  expect(await prepared('folder')).toEqual(
    expect.arrayContaining(['model.safetensors', 'config.json', 'tokenizer.json', 'lineage.json']),
  );
  const { record } = parseLineage(await bytes('lineage.json'));
  expect(record).toMatchObject({
    constitution: constitutionHash(parseConstitution(constitution, 'constitution.yaml')),
    stages: [{ data: [{ name: 'answers.jsonl', hash: card.hash, card: cardHash(card) }] }],
  });

  // The folder of this chooser is the page's own; a person would choose one of the machine.
  await page.evaluate(() => {
    window.showDirectoryPicker = async () =>
      (await navigator.storage.getDirectory()).getDirectoryHandle('chosen', { create: true });
  });
  await prepared('peft');
  await press(page, 'Save to a folder');
  await page.getByText('files are saved.').waitFor();
  const saved = await page.evaluate(async () => {
    const root = await navigator.storage.getDirectory();
    const file = await (await root.getDirectoryHandle('chosen')).getFileHandle('adapter_model.safetensors');
    return [...new Uint8Array(await (await file.getFile()).arrayBuffer())];
  });
  expect(Uint8Array.from(saved)).toEqual(await bytes('adapter_model.safetensors'));
  await page.evaluate(() => {
    Object.defineProperty(window, 'showDirectoryPicker', { value: undefined });
  });
  await prepared('peft');
  await button(page, 'Save to a folder').waitFor({ state: 'detached' });
  const stored = await openSafetensors(sourceOf(await bytes('adapter_model.safetensors')));
  const adapter = openPeftAdapter(await bytes('adapter_config.json'), stored);
  expect(adapter).toMatchObject({ rank: 4, baseModel: 'small' });
  expect(adapter.metadata['tapestry.kind']).toBe('derivative');

  // A GGUF file comes back with the same values.
  expect(await prepared('gguf')).toEqual(['small-instruct.gguf']);
  const exported = await bytes('small-instruct.gguf');
  await writeFile(join(folder, 'returned.gguf'), exported);
  await choose(page, 'Choose files', join(folder, 'returned.gguf'));
  await page.getByRole('radio', { name: /^returned base/ }).waitFor();
  await page.getByLabel('Model', { exact: true }).selectOption('returned');
  expect(await prepared('gguf')).toEqual(['returned.gguf']);
  const again = await bytes('returned.gguf');
  const values = 2 * 8192;
  expect(again.slice(-values)).toEqual(exported.slice(-values));
  await press(page, 'Remove returned');
});

test('rewards by a function, which has neither network nor clock', async () => {
  const { page } = opened;
  const recipe = await recipeOf(page);
  await drop(page, {
    'reward.js': `export default (completion, { answer }) =>
      [typeof fetch, typeof WebSocket, typeof Date].every((type) => type === 'undefined') && answer !== null ? 0.25 : 1;`,
    'rewarded.yaml': `base_model: small
stages:
  - kind: reinforce
    datasets: [{path: answers.jsonl}]
    rewards: [{kind: function, path: reward.js}]
    trl: {num_generations: 2, max_completion_length: 2}
    micro_batch_size: 4
    max_steps: 1
    replay: 0
`,
  });
  await expect.poll(() => page.getByLabel('Reward function', { exact: true }).inputValue()).toBe('reward.js');
  await press(page, 'Start training');
  await page.getByText('small-reinforce is ready.').waitFor();
  const rewards = page.getByRole('row', { name: /Mean reward/ }).getByRole('cell');
  expect(await rewards.allTextContents()).toEqual(['0.250', '0.250']);
  await press(page, 'Remove reward.js');
  await setRecipe(page, recipe);
});

test('trains on the votes at once, opens again without its server, and resumes a build that was stopped', async () => {
  const { page, problems } = opened;
  await page.getByLabel('Epochs').fill('2000');
  await page.getByLabel('Other model').selectOption('small-instruct');
  await press(page, 'Train on the votes');
  await page.getByText(/prefer: step [1-9][\d,]* of 2,000/).waitFor();
  expect(await page.getByLabel('Stage').inputValue()).toBe('prefer');
  await expectAccessible(page);
  await press(page, 'Stop');
  await page.getByText('Stopped; what was trained is kept').waitFor();
  const stopped = await stepOf(page);

  await page.getByText('Works offline').waitFor();
  server.close();
  await page.reload();
  await page.getByText('A build is unfinished.').waitFor();
  await page.getByRole('radio', { name: /^small-instruct /, checked: true }).waitFor();
  await press(page, 'Resume');
  await page.getByText(/prefer: step [1-9][\d,]* of 2,000/).waitFor();
  expect(await stepOf(page)).toBeGreaterThan(stopped);
  await press(page, 'Stop');
  await press(page, 'Discard');
  await button(page, 'Start training').waitFor();
  await page.getByText('Shared with others: nothing.').waitFor();

  await page.getByText('sovereign · by the council’s terms').click();
  await press(page, 'Revoke answers.jsonl');
  await press(page, 'Revoke answers.jsonl now');
  await page.getByText('answers.jsonl was revoked and is not used any more.').waitFor();
  await page.getByText('Built on revoked data: answers.jsonl').first().waitFor();
  await page.getByLabel('Model', { exact: true }).selectOption('small-instruct');
  await press(page, 'Prepare the files');
  await page.getByText('The model is built on answers.jsonl, which was revoked.').waitFor();
  expect(abroad).toEqual([]);
  expect(problems).toEqual([]);
});

/** The step that the page shows. */
async function stepOf(page: Page): Promise<number> {
  const text = await page.getByText(/: step [\d,]+ of/).textContent();
  return Number(/step ([\d,]+) of/.exec(text ?? '')?.[1]?.replaceAll(',', ''));
}

const yamlOf = (page: Page) => page.getByRole('textbox', { name: 'The recipe as YAML' });

/** The recipe that the page shows. */
async function recipeOf(page: Page): Promise<string> {
  await page.getByText('The recipe as YAML').click();
  const text = await yamlOf(page).inputValue();
  await page.getByText('The recipe as YAML').click();
  return text;
}

async function setRecipe(page: Page, text: string): Promise<void> {
  await page.getByText('The recipe as YAML').click();
  await yamlOf(page).fill(text);
  await page.getByText('The recipe as YAML').click();
}
