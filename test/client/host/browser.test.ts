import { join } from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchBrowser } from '../../apps/pages/browser.ts';
import { type Bundle, bundle, servePage } from '../../platform/bundle.ts';

let built: Bundle;
let served: Awaited<ReturnType<typeof servePage>>;
let browser: Browser;
let context: BrowserContext;

beforeAll(async () => {
  built = await bundle(join(import.meta.dirname, 'browser-entry.ts'));
  served = await servePage(built.script);
  browser = await launchBrowser('none');
  context = await browser.newContext();
});
afterAll(async () => {
  await browser.close();
  served.close();
  await built.remove();
});

async function open(): Promise<Page> {
  const page = await context.newPage();
  await page.goto(served.url);
  await page.waitForFunction(() => 'host' in globalThis);
  return page;
}

test('a tab keeps its key, which signs and cannot be exported', async () => {
  const first = await (await open()).evaluate(() => host.key());
  const again = await (await open()).evaluate(() => host.key());
  expect(again.publicKey).toEqual(first.publicKey);
  expect(first.extractable).toBe(false);
  const publicKey = Uint8Array.from(first.publicKey);
  const key = await crypto.subtle.importKey('raw', publicKey, 'Ed25519', false, ['verify']);
  expect(await crypto.subtle.verify('Ed25519', key, Uint8Array.from(first.signature), publicKey)).toBe(true);
});

test('a tab keeps files, replaced whole, until they are removed', async () => {
  const page = await open();
  expect(await page.evaluate(() => host.read('state.bin'))).toBeNull();
  await page.evaluate(() => host.write('state.bin', [1, 2, 3]));
  await page.evaluate(() => host.write('state.bin', [4]));
  expect(await (await open()).evaluate(() => host.read('state.bin'))).toEqual([4]);
  await page.evaluate(() => host.remove('state.bin'));
  await page.evaluate(() => host.remove('state.bin'));
  expect(await page.evaluate(() => host.read('state.bin'))).toBeNull();
});

test('two tabs are not one node', async () => {
  const first = await open();
  expect(await first.evaluate(() => host.holdForEver())).toBeNull();
  const second = await open();
  expect(await second.evaluate(() => host.holdForEver())).toBe('host.in-use');
  await first.close();
  await expect.poll(() => second.evaluate(() => host.holdForEver())).toBeNull();
});

test('a relay that is not there is told as unreachable', async () => {
  const page = await open();
  expect(await page.evaluate(() => host.reach('http://127.0.0.1:9/'))).toEqual([
    'relay.unreachable',
    'relay.unreachable',
  ]);
});
