import type { Page } from 'playwright';

const names = [
  'A very long name of a file that somebody gave to a text about the history of their village.txt',
  'a-name-without-any-space-in-it-which-no-line-can-break-0123456789-0123456789-0123456789.md',
  '3.txt',
  'Protokoll der ordentlichen Sitzung des Gemeinderates vom dritten Februar.txt',
  'نص طويل عن تاريخ القرية وأهلها وما مر بها.txt',
];

/** Five texts of one's own, of which four have long names. */
export const ownFiles = names.map((name) => ({
  name,
  mimeType: 'text/plain',
  buffer: Buffer.from('Call me Ishmael. '.repeat(200)),
}));

/** Chooses `ownFiles` on the page that contributes, in whatever language it is, and waits until the worker has read them. */
export async function chooseOwnFiles(page: Page): Promise<void> {
  await page.locator('input[name="source"]').nth(1).check();
  await page.locator('#files').setInputFiles(ownFiles);
  await page.getByText('Call me Ishmael.').first().waitFor();
}
