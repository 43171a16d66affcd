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
