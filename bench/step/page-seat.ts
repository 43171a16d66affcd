import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright';
import { launchBrowser } from '../browser.ts';
import type { Opened, Turn } from './contender.ts';
import type { Seat } from './seat.ts';
import type { Workload } from './workload.ts';

/** An origin that no request reaches: the page's own routes answer. Browsers give WebGPU to secure origins only. */
const origin = 'https://bench.invalid/';

/** Tapestry in a page of Chromium. A new browser has compiled no shader yet. */
export class PageSeat implements Seat {
  readonly #page: Page;
  readonly #browser: Browser | undefined;

  private constructor(page: Page, browser: Browser | undefined) {
    this.#page = page;
    this.#browser = browser;
  }

  /** `folder` holds the built bundles. Opens a tab of `shared`, or a browser that `close` closes. */
  static async start(folder: string, shared?: Browser): Promise<PageSeat> {
    const browser = shared ?? (await launchBrowser('swiftshader'));
    const page = await browser.newPage();
    await page.route(`${origin}**`, async (route) => {
      const path = new URL(route.request().url()).pathname.slice(1);
      if (path !== '')
        return route.fulfill({
          contentType: 'text/javascript',
          body: await readFile(join(folder, path), 'utf8'),
        });
      const script = '<script type="module" src="/contender-page.js"></script>';
      return route.fulfill({
        contentType: 'text/html',
        body: `<!doctype html><title>bench</title>${script}`,
      });
    });
    await page.goto(origin);
    await page.waitForFunction(() => 'session' in globalThis);
    return new PageSeat(page, shared === undefined ? browser : undefined);
  }

  async open(workload: Workload): Promise<Opened> {
    return this.#page.evaluate((asked) => globalThis.session.open(asked), workload);
  }

  async turn(steps: number): Promise<Turn> {
    return this.#page.evaluate((asked) => globalThis.session.turn(asked), steps);
  }

  async ceiling(): Promise<number | null> {
    return this.#page.evaluate(() => globalThis.session.ceiling());
  }

  async peakBytes(): Promise<null> {
    return null;
  }

  async close(): Promise<void> {
    await this.#page.close();
    await this.#browser?.close();
  }
}
