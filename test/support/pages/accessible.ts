import axe from 'axe-core';
import type { Page } from 'playwright';

declare global {
  interface Window {
    readonly axe: typeof axe;
  }
}

/** The rules whose results depend on colours: a page in other colours needs only these again. */
export const colourRules: readonly string[] = ['color-contrast', 'link-in-text-block'];

/**
 * Accessibility problems by axe's rules of WCAG 2.2 A and AA, and of good practice; `only` some of them. Runs in the page itself: axe's own
 * binding to Playwright opens another page each time, which takes as long as the rules do.
 */
export async function inaccessible(page: Page, only: readonly string[] | null = null): Promise<string[]> {
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(axe.source);
  return page.evaluate(async (rules) => {
    const { violations } = await window.axe.run(rules === null ? {} : { runOnly: [...rules] });
    return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
  }, only);
}

/** The problems of a page in light and in dark colours. Leaves it dark. */
export async function inaccessibleInBothColours(page: Page): Promise<string[]> {
  await page.emulateMedia({ colorScheme: 'light' });
  const inLight = await inaccessible(page);
  await page.emulateMedia({ colorScheme: 'dark' });
  return [...inLight, ...(await inaccessible(page, colourRules))];
}

/** By how many pixels a page is wider than its window: nobody should have to scroll in two directions (WCAG 2.2, 1.4.10). */
export const overflowOf = (page: Page): Promise<number> =>
  page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
