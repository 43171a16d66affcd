import type { Page } from 'playwright';

export interface ShownText {
  readonly text: string;
  /** CSS pixels. */
  readonly size: number;
}

/** The least size of any text, in CSS pixels. */
export const leastTextSize = 13;

/** The sizes of all texts that are shown under `part`, also of those in fields. */
export function textSizes(page: Page, part = 'body'): Promise<ShownText[]> {
  return page.locator(part).evaluateAll((parts) =>
    parts
      .flatMap((part) => [...part.querySelectorAll('*')])
      .flatMap((element) => {
        const says = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent?.trim());
        const isField = element.matches('input:not([type=radio], [type=checkbox], [type=range]), textarea');
        const isHidden = element.closest('.visually-hidden, .skip:not(:focus)') !== null;
        if (!(says || isField) || isHidden || !element.checkVisibility({ visibilityProperty: true }))
          return [];
        const text = element.textContent?.trim().slice(0, 60) || element.outerHTML.slice(0, 60);
        return [{ text, size: Number.parseFloat(getComputedStyle(element).fontSize) }];
      }),
  );
}
