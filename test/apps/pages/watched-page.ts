import type { Browser, BrowserContextOptions, Page } from 'playwright';

export interface WatchedPage {
  readonly page: Page;
  /** Console errors, uncaught errors, and policy violations, which Chromium reports in the console too. */
  readonly problems: readonly string[];
  close(): Promise<void>;
}

/** A page in a profile of its own whose complaints are kept. */
export async function openWatched(
  browser: Browser,
  options: BrowserContextOptions = {},
): Promise<WatchedPage> {
  const context = await browser.newContext(options);
  // Pages are slow where a software adapter has every core; what never comes is named before the test's time is up.
  context.setDefaultTimeout(300_000);
  const page = await context.newPage();
  const problems: string[] = [];
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) problems.push(message.text());
  });
  page.on('pageerror', (error) => problems.push(error.message));
  return { page, problems, close: () => context.close() };
}
