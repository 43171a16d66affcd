import type { Browser, BrowserContextOptions, Page } from 'playwright';
import { afterAll, beforeAll, onTestFinished } from 'vitest';
import type { WorkerEvent } from '../../../apps/contribute/worker/worker-api.ts';
import { launchBrowser } from '../../../bench/browser.ts';
import type { RelayStatus } from '../../../relay/wire/status.ts';
import { type Built, built } from '../../system/built.ts';
import { scriptedStatus } from './scenarios.ts';
import { type ScriptedRelay, startScriptedRelay } from './scripted-relay.ts';
import { openWatched, type WatchedPage } from './watched-page.ts';

export interface ScriptedPage extends Pick<WatchedPage, 'page' | 'problems'> {
  readonly relay: ScriptedRelay;
}

interface Options extends BrowserContextOptions {
  /** Serves this in place of the worker that contributes; see `scriptedWorker`. */
  readonly worker?: string;
  /** By default a run of 20 rounds after its seventh. */
  readonly status?: RelayStatus;
  /** Of the viewport, in CSS pixels; by default a phone's. */
  readonly width?: number;
  readonly height?: number;
}

/** What a scripted relay shows unless a test asks for another scene. */
export const running = scriptedStatus({ rounds: 20, done: 7, nodes: 3, now: Date.now() });

/**
 * A browser for the tests of a file, without WebGPU's flags: it has no adapter, like a machine with a blocklisted driver. `open`
 * opens a page of a scripted relay in a profile of its own; both end with the test.
 */
export function scriptedPages() {
  let build: Built;
  let browser: Browser;
  beforeAll(async () => {
    build = await built();
    browser = await launchBrowser('none');
  });
  afterAll(() => browser.close());
  return {
    async open(path: string, options: Options = {}): Promise<ScriptedPage> {
      const { worker, status = running, width = 360, height = 780, ...context } = options;
      const relay = await startScriptedRelay(build.pages, worker);
      onTestFinished(() => relay.close());
      relay.show(status);
      const { page, problems, close } = await openWatched(browser, {
        viewport: { width, height },
        ...context,
      });
      onTestFinished(close);
      await page.goto(relay.url + path);
      return { page, problems, relay };
    },
  };
}

/** Lets the scripted worker of a page send one more event. */
export async function emit(page: Page, event: WorkerEvent): Promise<void> {
  await page.workers()[0]?.evaluate(`self.emit(${JSON.stringify(event)})`);
}
