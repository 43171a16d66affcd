import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { expect, test } from 'vitest';
import { launchBrowser } from '../apps/pages/browser.ts';
import { coldMilliseconds, expectAgreement } from './agreement.ts';
import { bundleEntry } from './bundle.ts';

const page = '<!doctype html><title>step</title><script type="module" src="/entry.js"></script>';

test('Chromium: a whole training step agrees with the float64 reference', {
  timeout: coldMilliseconds,
}, async () => {
  const folder = await mkdtemp(`${tmpdir()}/tapestry-browser-`);
  const script = await readFile(await bundleEntry(folder));
  const server = createServer((request, response) => {
    const isScript = request.url === '/entry.js';
    response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html');
    response.end(isScript ? script : page);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const browser = await launchBrowser('swiftshader');
  try {
    const tab = await browser.newPage();
    const problems: string[] = [];
    tab.on('pageerror', (error) => problems.push(error.message));
    await tab.goto(`http://127.0.0.1:${port}/`);
    const result = tab.waitForFunction(() => document.documentElement.dataset['errors'], null, {
      timeout: coldMilliseconds,
    });
    const failed = tab.waitForEvent('pageerror', { timeout: 0 }).then((error) => Promise.reject(error));
    failed.catch(() => undefined);
    const reported = await (await Promise.race([result, failed])).jsonValue();
    expect(problems).toEqual([]);
    expectAgreement(JSON.parse(String(reported)));
  } finally {
    await browser.close();
    server.close();
    await rm(folder, { recursive: true });
  }
});
