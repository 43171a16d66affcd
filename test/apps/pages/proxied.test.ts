import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchBrowser } from '../../../bench/browser.ts';
import { certificateFor } from '../../../relay/server/tls/certificate.ts';
import { openWatched } from '../../support/pages/watched-page.ts';
import { startProxy } from '../../support/proxy.ts';
import { start } from '../../support/relay/stage.ts';
import { built } from '../../system/built.ts';

let browser: Browser;
let folder: string;

beforeAll(async () => {
  browser = await launchBrowser('none');
  folder = await mkdtemp(join(tmpdir(), 'tapestry-proxied-'));
});

afterAll(async () => {
  await browser.close();
  await rm(folder, { recursive: true });
});

test('behind a proxy with TLS and a sub-path, both pages show the run and invite to the public address', async () => {
  const { pages } = await built();
  const certificate = await certificateFor('auto', folder, '127.0.0.1', Date.now());
  if (certificate === null) throw new Error('no certificate');
  const proxy = await startProxy({ host: 'upstream', path: '/shared/run/', tls: certificate });
  const relay = await start({ publicUrl: proxy.url, pages });
  proxy.forwardTo(relay.url);

  const { page, problems, close } = await openWatched(browser, { ignoreHTTPSErrors: true });
  await page.goto(new URL('dashboard', proxy.url).href);
  await page.getByText('Live', { exact: true }).waitFor();
  expect(await page.locator('.address').textContent()).toBe(proxy.url.href);
  await page.getByRole('link', { name: 'Tapestry' }).click();
  await page.getByRole('heading', { name: 'Help train a language model' }).waitFor();
  expect(page.url()).toBe(proxy.url.href);
  // The worker loads and asks for the GPU that this browser does not have.
  await page.getByText('The browser found no GPU that it can use').waitFor();
  expect(await page.getByRole('link', { name: 'Dashboard' }).getAttribute('href')).toBe('dashboard');
  expect(problems.filter((problem) => !problem.includes('SSL certificate'))).toEqual([]);
  await close();
});
