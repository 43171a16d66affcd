import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright';
import { pagesFolder } from '../../apps/cli/program.ts';
import { startRelay } from '../../relay/server/server.ts';
import { folderSource } from '../../relay/verify/folder-source.ts';
import { relaySource } from '../../relay/verify/http-source.ts';
import { launchBrowser } from '../browser.ts';
import { writeSyntheticRun } from '../growth/contributions.ts';
import { verified } from '../growth/verify.ts';

export interface AuditBenchOptions {
  readonly rounds: number;
  readonly nodes: number;
  readonly parameters: number;
}

/**
 * How long a run takes to be checked by `tapestry verify` and by the audit page in Chromium, each from the run's folder and from a
 * relay in this process, which writes no samples meanwhile.
 */
export async function* auditBench(options: AuditBenchOptions) {
  const folder = mkdtempSync(join(tmpdir(), 'tapestry-bench-'));
  const browser = await launchBrowser('none');
  try {
    await writeSyntheticRun(folder, options);
    const record = (who: string, from: string, seconds: number) => ({
      bench: 'audit',
      who,
      from,
      ...options,
      seconds,
    });
    const inNode = async (from: string, source: Parameters<typeof verified>[1]) =>
      record('verify', from, (await verified(from, source)).seconds);
    yield await inNode('folder', folderSource(folder));
    const log = { info: () => {}, warn: () => {}, error: () => {} };
    const relay = await startRelay({
      folder,
      host: '127.0.0.1',
      port: 0,
      tls: 'off',
      pages: pagesFolder(),
      log,
    });
    try {
      yield await inNode('relay', relaySource(relay.url));
      const page = await browser.newPage();
      await page.goto(new URL('audit', relay.url).href);
      yield record('page', 'relay', await audited(page, () => page.locator('.start [type=submit]').click()));
      yield record(
        'page',
        'folder',
        await audited(page, () => page.getByLabel('Choose a folder').setInputFiles(folder)),
      );
    } finally {
      await relay.close();
    }
  } finally {
    await browser.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The seconds from the visitor's click to the verdict, with the start of the page's worker. Throws for a run that is not intact. */
async function audited(page: Page, start: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await start();
  await page.locator('.verdict').waitFor({ timeout: 0 });
  const seconds = (performance.now() - began) / 1000;
  const problems = await page.locator('.problems li').allTextContents();
  if (problems.length > 0) throw new Error(problems.join('\n'));
  return seconds;
}
