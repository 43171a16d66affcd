import { expect, test } from 'vitest';
import { expectFocus, focusOf, stops } from '../../../support/pages/focus.ts';
import { chooseOwnFiles } from '../../../support/pages/own-files.ts';
import { scriptedStatus } from '../../../support/pages/scenarios.ts';
import { screens } from '../../../support/pages/screens.ts';
import { scriptedEvents } from '../../../support/pages/scripted-events.ts';
import { emit, running, scriptedPages } from '../../../support/pages/scripted-pages.ts';
import { scriptedWorker } from '../../../support/pages/scripted-relay.ts';
import { reach } from '../../../support/pages/studio-page.ts';

const pages = scriptedPages();
const skip = 'Skip to the main content';
const head = [skip, 'Tapestry', 'Dashboard', 'Language', 'Colours: same as the system'];

test('on the page that contributes, Tab stops in the order of reading at all controls, each in sight', async () => {
  const worker = scriptedWorker([]).replace('tokenNeeded: false', 'tokenNeeded: true');
  const { page } = await pages.open('/', { worker });
  await page.getByText('NVIDIA GeForce RTX 4070').waitFor();
  await chooseOwnFiles(page);
  await page.getByLabel('Join token').fill('loom');
  for (const [width, height] of screens) {
    await page.setViewportSize({ width, height });
    await page.reload();
    await page.getByText('NVIDIA GeForce RTX 4070').waitFor();
    await page
      .locator('#files')
      .setInputFiles([{ name: 'a.txt', mimeType: 'text/plain', buffer: Buffer.from('a') }]);
    await page.getByText('Call me Ishmael.').waitFor();
    await page.evaluate('document.activeElement.blur()');
    expect(await stops(page), `${width} px`).toEqual([
      ...head,
      ...['Your own files', 'Files', 'Choose a folder', 'Or paste a text', 'Join token', 'Start'],
      ...['Power 100%', 'Stop after', 'When you are away', 'Begin with', 'Show', 'Write'],
      ...[
        'Read every message',
        'Check how the relay merged it (opens a new tab)',
        'A delta can still reveal parts of your text',
        'Forget me on this device',
      ],
    ]);
  }
});

test('the focus stays in the page as views change', async () => {
  const { page, relay } = await pages.open('/', { worker: scriptedWorker(scriptedEvents(2)), width: 1366 });
  await page.getByText('NVIDIA GeForce RTX 4070').waitFor();
  const start = page.getByRole('button', { name: /^Start/ });
  await reach(page, start);
  await page.keyboard.press('Enter');
  await page.getByText('Round 3 of 20, step 23 of 50').waitFor();
  expect(await expectFocus(page)).toBe('Pause');

  // A button that is pressed is disabled, and then gone.
  await reach(page, page.getByRole('button', { name: 'Finish' }));
  await page.keyboard.press('Enter');
  await page.getByText('Finished. Thank you.').waitFor();
  expect(await expectFocus(page)).toContain('Finished');
  await page.keyboard.press('Tab');
  expect((await focusOf(page)).name).not.toBe(skip);

  // A button that goes with the connection that is there again.
  await reach(page, start);
  await page.keyboard.press('Enter');
  await page.getByText('Round 3 of 20, step 23 of 50').waitFor();
  const lost = { code: 'relay.unreachable', message: 'No answer.', next: 'Wait.', attempt: 2 } as const;
  await emit(page, { event: 'retry', ...lost, milliseconds: 600_000 });
  await reach(page, page.getByRole('button', { name: 'Try now' }));
  const [, joined] = scriptedEvents(1);
  if (joined === undefined) throw new Error('the script joins');
  await emit(page, joined);
  await page.getByRole('button', { name: 'Try now' }).waitFor({ state: 'detached' });
  await expectFocus(page);

  // The language changes all texts under the focus.
  await reach(page, page.getByLabel('Language', { exact: true }));
  await page.keyboard.type('Deutsch');
  await page.locator('html[lang="de"]').waitFor();
  expect(await expectFocus(page)).toBe('Sprache');
  await page.keyboard.press('Home');
  await page.locator('html[lang="en"]').waitFor();

  // The question before everything is removed.
  await emit(page, { event: 'left', reason: 'finished', contributions: 1, tokens: 1 });
  await reach(page, page.getByRole('button', { name: 'Forget me on this device' }));
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'Cancel' }).waitFor();
  await expectFocus(page);
  await reach(page, page.getByRole('button', { name: 'Cancel' }));
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'Forget me on this device' }).waitFor();
  await expectFocus(page);

  // The run ends while Start has the focus.
  await reach(page, start);
  relay.show(scriptedStatus({ rounds: 20, done: 20, nodes: 0, now: Date.now() }));
  await page.getByRole('button', { name: 'Prepare the files' }).waitFor();
  await expectFocus(page);
});

test('on the dashboard, Tab stops at all controls in sight, and the presentation begins and ends by keys', async () => {
  const { page, relay } = await pages.open('/dashboard', { width: 1366, height: 768 });
  await page.locator('.node').nth(2).waitFor();
  const found = await stops(page);
  expect(found).toEqual([
    ...[skip, 'Tapestry', 'Present', 'Full screen', 'Language', 'Colours: same as the system'],
    ...['Committed rounds. The arrows choose one, Enter opens it.', `${relay.url}/`, 'Audit in this browser'],
  ]);
  await reach(page, page.getByRole('button', { name: 'Present' }));
  await page.keyboard.press('Enter');
  for (const name of ['Join', 'Weave', 'Learn', 'Speak', 'Thanks']) {
    await page.getByRole('region', { name, exact: true }).waitFor();
    await expect.poll(async () => (await focusOf(page)).name).toBe(name);
    await page.keyboard.press('ArrowRight');
  }
  await page.keyboard.press('Escape');
  await page.getByRole('heading', { name: 'Together' }).waitFor();
  await expectFocus(page);
  relay.show({ ...running, nodes: [] });
  await page.locator('.node').first().waitFor({ state: 'detached' });
  await expectFocus(page);
});
