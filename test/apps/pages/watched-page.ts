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
