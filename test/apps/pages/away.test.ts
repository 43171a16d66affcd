import type { Page } from 'playwright';
import { expect, test } from 'vitest';
import { scriptedEvents } from '../../support/pages/scripted-events.ts';
import { scriptedPages } from '../../support/pages/scripted-pages.ts';
import { scriptedWorker } from '../../support/pages/scripted-relay.ts';

const pages = scriptedPages();
const worker = scriptedWorker(scriptedEvents(2));

const state = (page: Page, name: string) => page.locator('#state', { hasText: name }).waitFor();

/** The page with its choices for the time away unfolded. */
async function open() {
  const opened = await pages.open('/', { worker, width: 1366, height: 768 });
  await opened.page.getByText('NVIDIA GeForce RTX 4070').waitFor();
  await opened.page.getByText('When you are away').click();
  return opened;
}

test('what was chosen for the time away holds in a new tab, until the browser forgets all', async () => {
  const { page, relay } = await open();
  const weekly = (of: Page) => of.getByLabel('Train only at weekly times');
  await weekly(page).check();
  await page.getByLabel('From').fill('20:30');
  await page.getByLabel(/tone/).check();

  // A new tab has nothing of the first one's session.
  const again = await page.context().newPage();
  await page.close();
  await again.goto(`${relay.url}/`);
  await again.getByText('NVIDIA GeForce RTX 4070').waitFor();
  await again.getByText('When you are away').click();
  expect(await weekly(again).isChecked()).toBe(true);
  expect(await again.getByLabel('From').inputValue()).toBe('20:30');
  expect(await again.getByLabel(/tone/).isChecked()).toBe(true);

  const stored = () => again.evaluate(() => localStorage.getItem('tapestry away'));
  expect(await stored()).not.toBeNull();
  await again.getByLabel(/tone/).uncheck();
  await again.getByLabel('From').fill('22:00');
  await weekly(again).uncheck();
  expect(await stored()).toBeNull();
});

test('with Idle Detection permitted the node trains only while nobody uses the device', async () => {
  const { page, relay, problems } = await open();
  const session = await page.context().newCDPSession(page);
  // Playwright does not know this permission: Chromium is asked itself, for the page's own context.
  const { targetInfo } = await session.send('Target.getTargetInfo');
  const { browserContextId } = targetInfo;
  await session.send('Browser.grantPermissions', {
    ...(browserContextId === undefined ? {} : { browserContextId }),
    permissions: ['idleDetection'],
    origin: new URL(relay.url).origin,
  });
  const device = (isUserActive: boolean, isScreenUnlocked: boolean) =>
    session.send('Emulation.setIdleOverride', { isUserActive, isScreenUnlocked });
  await device(true, true);
  await page.getByLabel('Train only while nobody uses the device').check();
  await page.getByText('That is after 3 minutes without a key or pointer on this device.').waitFor();
  await page.getByRole('button', { name: /^Start/ }).click();
  await page.getByText(/You use this device/).waitFor();
  await state(page, 'Paused');
  // The browser tells of the whole device, so input in this page alone is not asked for.
  await device(false, true);
  await state(page, 'Training');
  await page.mouse.move(20, 20);
  await page.keyboard.press('Shift');
  await state(page, 'Training');
  await device(true, true);
  await state(page, 'Paused');
  await device(true, false);
  await state(page, 'Training');
  expect(problems).toEqual([]);
});
