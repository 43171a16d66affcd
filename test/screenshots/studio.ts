import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright';
import type { Camera } from './camera.ts';

const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });

/** Questions whose answers a small model can learn. */
const rows = Array.from({ length: 40 }, (_, at) => ({
  prompt: `What is ${at} + ${at % 7}? `,
  completion: `${at + (at % 7)}`,
}));

const constitution = `principles: [{id: plain, text: Answer with a number and nothing else., check: '[a-z]'}]
protected: [{id: thirteen, patterns: ['\\b13\\b']}]
`;

/** Prompts that are asked at most until enough of them have two answers to choose between. */
const mostPrompts = 8;

/** Votes on so many pairs of answers. Of two equal answers neither can be better, and the next prompt is asked. */
async function vote(page: Page, wanted: number): Promise<void> {
  let votes = 0;
  for (let asked = 0; votes < wanted && asked < mostPrompts; asked++) {
    await button(page, 'A prompt from the data').click();
    await button(page, 'Answer').click();
    const tie = button(page, 'Neither');
    await tie.click({ trial: true });
    const left = button(page, 'Left is better');
    const isChoice = await left.isEnabled();
    await (isChoice ? left : tie).click();
    if (isChoice) votes++;
  }
}

/**
 * Makes a derivative of the base in `base`, a model's folder, and takes pictures of the studio at the end: its data as tokens, the plan, the
 * training, and the comparison of the base with the derivative. `folder` takes the data's files. Builds were seen
 * to stall on a software adapter, perhaps for the pictures taken before, so all are taken at the end.
 */
export async function takeStudio(
  camera: Camera,
  page: Page,
  base: string,
  folder: string,
  say: (text: string) => void,
): Promise<void> {
  const data = join(folder, 'sums.jsonl');
  await writeFile(data, rows.map((row) => JSON.stringify(row)).join('\n'));
  const rules = join(folder, 'constitution.yaml');
  await writeFile(rules, constitution);
  await page.getByLabel('Choose a folder', { exact: true }).setInputFiles(base);
  await page.getByRole('radio', { checked: true }).waitFor();
  await page.getByLabel('Choose files', { exact: true }).setInputFiles([data, rules]);
  await page.getByRole('checkbox', { name: /^sums.jsonl/, checked: true }).waitFor();
  await page.getByText('1 principle, 1 protected domain').waitFor();
  await button(page, 'Look at sums.jsonl').click();
  await page.locator('.tokens mark').first().waitFor();
  await page.getByLabel('Base text in every step').selectOption('0');
  await page.getByLabel('Epochs').fill('4');
  await page.getByLabel('Learning rate').fill('0.01');
  await button(page, 'Work out the plan').click();
  await page.getByText('sums.jsonl: 40 rows').waitFor();
  say('The studio trains.');
  await button(page, 'Start training').click();
  await page.getByText(/ is ready\.$/).waitFor();
  await page.getByLabel('Longest answer').selectOption('20');
  await vote(page, 2);
  await camera.take(page, 'studio', ['wide', 'narrow']);
}
