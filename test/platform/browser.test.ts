import { join } from 'node:path';
import type { Browser, Page } from 'playwright';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchBrowser } from '../../bench/browser.ts';
import { nodeGpu } from '../../client/host/node/runtime.ts';
import {
  expectAgreement,
  expectSameUses,
  parseAdapter,
  parseMoves,
  parseReport,
  parseUses,
} from './agreement.ts';
import { type Bundle, bundle, runInDeno, servePage } from './bundle.ts';
import { AdapterSeat } from './moves.ts';

let built: Bundle;
let page: Awaited<ReturnType<typeof servePage>>;
let browser: Browser;
let tab: Page;

beforeAll(async () => {
  built = await bundle(join(import.meta.dirname, 'entry.ts'));
  page = await servePage(built.script);
  browser = await launchBrowser('swiftshader');
  tab = await browser.newPage();
  await tab.goto(page.url);
});
afterAll(async () => {
  await browser.close();
  page.close();
  await built.remove();
});

/** The value of an expression in the page, as JSON; `own` is the module. */
const inPage = (expression: string): Promise<string> =>
  tab.evaluate(`import('/entry.js').then(async (own) => JSON.stringify(await (${expression})))`);

test('Chromium: every operation and whole training steps agree with the float64 reference', async () => {
  // Chromium has the compiler and the driver with which swiftshader.test.ts runs every variant.
  expectAgreement(parseReport(await inPage("own.report(navigator.gpu, 'default variant')")));
});

test('an adapter that Chromium, Node or Deno trained gives the same log-probabilities and text in all three', async () => {
  const node = await AdapterSeat.open(await nodeGpu());
  const nodes = await node.train(1);
  // The page's seat is kept for what the page makes of the adapters.
  const open = 'globalThis.seat = await own.AdapterSeat.open(navigator.gpu)';
  const pages = parseAdapter(await inPage(`(${open}).train(2)`));
  const deno = parseMoves(
    await runInDeno(
      built,
      `import { AdapterSeat } from './entry.js';
      const seat = await AdapterSeat.open(navigator.gpu);
      const trained = await seat.train(3);
      const uses = await seat.use([...${JSON.stringify([nodes, pages])}, trained]);
      console.log(JSON.stringify({ trained, uses }));`,
    ),
  );
  const trained = [nodes, pages, deno.trained];
  const inNode = await node.use(trained);
  node.close();
  const uses = [inNode, parseUses(await inPage(`seat.use(${JSON.stringify(trained)})`)), deno.uses];
  expect(new Set(trained.map(({ weights }) => weights.join())).size).toBe(3);
  expectSameUses(uses);
});
