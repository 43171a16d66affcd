import type { Browser, BrowserContextOptions, Page } from 'playwright';

export interface WatchedPage {
  readonly page: Page;
  /** Console errors, uncaught errors, and policy violations, which Chromium reports in the console too. */
  readonly problems: readonly string[];
  close(): Promise<void>;
}

/** Opens a page in a profile of its own and collects its problems. */
export async function openWatched(
  browser: Browser,
  options: BrowserContextOptions = {},
): Promise<WatchedPage> {
  const context = await browser.newContext(options);
  // Pages are slow while a software adapter uses every core; a shorter limit than the test's names the missing element.
  context.setDefaultTimeout(300_000);
  const page = await context.newPage();
  const problems: string[] = [];
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) problems.push(message.text());
  });
  page.on('pageerror', (error) => problems.push(error.message));
  return { page, problems, close: () => context.close() };
}

/** How many colours an element shows, each of at least a hundredth of its points. */
export async function coloursOf(page: Page, selector: string): Promise<number> {
  const png = (await page.locator(selector).screenshot({ animations: 'disabled' })).toString('base64');
  return page.evaluate(async (data) => {
    const bytes = Uint8Array.from(atob(data), (character) => character.charCodeAt(0));
    const image = await createImageBitmap(new Blob([bytes], { type: 'image/png' }));
    const context = new OffscreenCanvas(image.width, image.height).getContext('2d');
    if (context === null) throw new Error('no canvas');
    context.drawImage(image, 0, 0);
    const points = new Uint32Array(context.getImageData(0, 0, image.width, image.height).data.buffer);
    const counts = Map.groupBy(points, (point) => point);
    return [...counts.values()].filter((all) => all.length >= points.length / 100).length;
  }, png);
}

/** The part of an element that the first viewport shows without scrolling, from 0 to 1. */
export async function shown(page: Page, selector: string): Promise<number> {
  const box = await page.locator(selector).boundingBox();
  const size = page.viewportSize();
  if (box === null || size === null) return 0;
  const width = Math.min(box.x + box.width, size.width) - Math.max(box.x, 0);
  const height = Math.min(box.y + box.height, size.height) - Math.max(box.y, 0);
  return (Math.max(0, width) * Math.max(0, height)) / (box.width * box.height);
}
