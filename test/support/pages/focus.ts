import type { Page } from 'playwright';
import { expect } from 'vitest';

export interface Focus {
  /** The name of what has the focus; `nothing` where that is the document. */
  readonly name: string;
  /** What hinders a person to see it; empty if nothing does. */
  readonly hidden: string;
}

/** What has the focus, and whether a person sees that: it is on the screen, nothing lies over it, and an outline is round it. */
export function focusOf(page: Page): Promise<Focus> {
  return page.evaluate(() => {
    const at = document.activeElement;
    if (at === null || at === document.body) return { name: 'nothing', hidden: 'nothing has the focus' };
    const heading = document.getElementById(at.getAttribute('aria-labelledby') ?? '');
    const labels = 'labels' in at && at.labels instanceof NodeList ? [...at.labels] : [];
    const texts = [
      at.getAttribute('aria-label'),
      heading?.textContent,
      labels[0]?.textContent,
      at.textContent,
    ];
    const name =
      texts
        .find((text) => text?.trim())
        ?.replace(/\s+/g, ' ')
        .trim() ?? at.tagName;
    // A field that lies unseen over its label shows its focus by the label's outline.
    const isOutlined = (element: Element | null) => {
      if (element === null) return false;
      const { outlineStyle, outlineWidth, outlineColor } = getComputedStyle(element);
      return outlineStyle !== 'none' && Number.parseFloat(outlineWidth) >= 2 && !/, 0\)$/.test(outlineColor);
    };
    const isUnseen = getComputedStyle(at).opacity === '0';
    const shown = isUnseen ? at.parentElement : at;
    if (shown === null || !isOutlined(shown)) return { name, hidden: 'no outline' };
    const { left, top, right, bottom } = shown.getBoundingClientRect();
    const [x, y] = [(left + right) / 2, (Math.max(0, top) + Math.min(innerHeight, bottom)) / 2];
    if (bottom <= 0 || top >= innerHeight || x < 0 || x >= innerWidth)
      return { name, hidden: 'off the screen' };
    const over = document.elementFromPoint(x, y);
    const isOver = over !== null && !shown.contains(over) && !over.contains(shown);
    return { name, hidden: isOver ? `behind ${over.tagName} ${over.className}` : '' };
  });
}

/** Expects that the focus is somewhere, and that a person sees where. Returns the name of what has it. */
export async function expectFocus(page: Page): Promise<string> {
  const { name, hidden } = await focusOf(page);
  expect(hidden, `the focus at ${name}`).toBe('');
  return name;
}

/** All stops of Tab from the start of the document to its end, by name. Expects that each is seen. */
export async function stops(page: Page): Promise<string[]> {
  const found: string[] = [];
  for (let presses = 0; presses < 100; presses++) {
    await page.keyboard.press('Tab');
    if ((await focusOf(page)).name === 'nothing') return found;
    found.push(await expectFocus(page));
  }
  throw new Error(`Tab does not leave the page: ${found.join(', ')}`);
}
