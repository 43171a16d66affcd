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

/**
 * Takes pictures of the studio with the base in `base`, a model's folder: its data as tokens, and the plan of a derivative. `folder` takes
 * the data's files. Nothing is trained: a build beside a browser that takes pictures was seen to stall on a software adapter.
 */
export async function takeStudio(camera: Camera, page: Page, base: string, folder: string): Promise<void> {
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
  await camera.take(page, 'studio', ['wide', 'narrow']);
}
