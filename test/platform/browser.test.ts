import { join } from 'node:path';
import { test } from 'vitest';
import { launchBrowser } from '../../bench/browser.ts';
import { expectAgreement, parseReport } from './agreement.ts';
import { bundle, servePage } from './bundle.ts';

test('Chromium: every operation and whole training steps agree with the float64 reference', async () => {
  const { script, remove } = await bundle(join(import.meta.dirname, 'entry.ts'));
  const page = await servePage(script);
  const browser = await launchBrowser('swiftshader');
  try {
    const tab = await browser.newPage();
    const failed = new Promise<never>((_, reject) => tab.on('pageerror', reject));
    failed.catch(() => undefined);
    await tab.goto(page.url);
    // There is no time limit here, because the test has one.
    const reported = tab.waitForFunction(() => document.documentElement.dataset['report'], null, {
      timeout: 0,
    });
    expectAgreement(parseReport(String(await (await Promise.race([reported, failed])).jsonValue())));
  } finally {
    await browser.close();
    page.close();
    await remove();
  }
});
