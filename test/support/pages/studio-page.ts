import type { Locator, Page } from 'playwright';
import { expect } from 'vitest';
import { colourRules, inaccessible, overflowOf } from './accessible.ts';
import { leastTextSize, textSizes } from './text-sizes.ts';

export const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });

/** Moves the focus by the keyboard alone to a control, once it can be used, by the shorter way; `each` looks at every stop. */
export async function reach(
  page: Page,
  control: Locator,
  each: (page: Page) => Promise<unknown> = async () => {},
): Promise<void> {
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
    await each(page);
  }
  throw new Error(`150 presses of Tab do not reach ${control}`);
}

/** Presses a button once it can be pressed, by the keyboard alone. */
export async function press(page: Page, name: string): Promise<void> {
  await reach(page, button(page, name));
  await page.keyboard.press('Enter');
}

/** Opens a chooser by the keyboard, and chooses a file or a folder. */
export async function choose(page: Page, name: string, path: string): Promise<void> {
  // Asked for before the keys: the browser may open its own chooser while it is being told to leave that to the test.
  const chooser = page.waitForEvent('filechooser');
  await reach(page, page.getByLabel(name, { exact: true }));
  await page.keyboard.press('Enter');
  await (await chooser).setFiles(path);
}

/** Drops files on the page, which says that it takes them. */
export async function drop(page: Page, files: Readonly<Record<string, string>>): Promise<void> {
  const dataTransfer = await page.evaluateHandle((all) => {
    const transfer = new DataTransfer();
    for (const [name, content] of Object.entries(all)) transfer.items.add(new File([content], name));
    return transfer;
  }, files);
  await page.dispatchEvent('h1', 'dragover', { dataTransfer });
  await page.getByText('Drop to add').waitFor();
  await page.dispatchEvent('h1', 'drop', { dataTransfer });
}

/** Wide and narrow, light and dark. */
const screens = [
  [1440, 'light'],
  [1440, 'dark'],
  [360, 'dark'],
  [360, 'light'],
] as const;

/**
 * Expects a page to fit its screen, to have no text that is too small, and to have no accessibility problem by axe's rules of WCAG 2.2 A and AA and of good practice: wide
 * and narrow, light and dark. What it shows must not change meanwhile. Leaves it wide and light.
 */
export async function expectAccessible(page: Page): Promise<void> {
  const found: string[] = [];
  let before = 0;
  for (const [width, colorScheme] of screens) {
    await page.setViewportSize({ width, height: 900 });
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    const screen = `${width} ${colorScheme}`;
    // The same elements in other colours: only rules of colour can find something new.
    const violations = await inaccessible(page, width === before ? colourRules : null);
    before = width;
    found.push(...violations.map((violation) => `${screen}: ${violation}`));
    const overflow = await overflowOf(page);
    if (overflow !== 0) found.push(`${screen}: ${overflow} pixels too wide`);
    for (const { text, size } of await textSizes(page))
      if (size < leastTextSize) found.push(`${screen}: ${size} px are too small for “${text}”`);
  }
  await page.setViewportSize({ width: 1440, height: 900 });
  await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' });
  expect(found).toEqual([]);
}
