import { mkdirSync } from 'node:fs';
import type { Page } from 'playwright';
import { launchBrowser } from './browser.ts';
import { scriptedStatus } from './scenarios.ts';
import { scriptedEvents } from './scripted-events.ts';
import { scriptedWorker, startScriptedRelay } from './scripted-relay.ts';

const [pages = 'dist/pages', out = 'shots', only = ''] = process.argv.slice(2);
mkdirSync(out, { recursive: true });
const browser = await launchBrowser('none');
const sizes = [
  [360, 780],
  [1280, 800],
  [1920, 1080],
  [3840, 2160],
] as const;
const now = Date.now();
const scenes = {
  empty: { rounds: 20, done: 0, nodes: 0, now },
  running: { rounds: 20, done: 7, nodes: 3, now },
  workshop: { rounds: 40, done: 13, nodes: 24, nationCount: 8, now },
  complete: { rounds: 20, done: 20, nodes: 2, now },
};
type Scene = keyof typeof scenes;

async function shoot(
  name: string,
  scene: Scene,
  path: string,
  worker: string | undefined,
  act: (page: Page) => Promise<void>,
) {
  for (const colorScheme of ['light', 'dark'] as const)
    for (const [width, height] of sizes) {
      const file = `${name}-${scene}-${colorScheme}-${width}`;
      if (!file.includes(only)) continue;
      const relay = await startScriptedRelay(pages, worker);
      relay.show(scriptedStatus(scenes[scene]));
      const page = await browser.newPage({ viewport: { width, height }, colorScheme });
      page.on('console', (message) => console.log(file, message.type(), message.text()));
      page.on('pageerror', (error) => console.log(file, error.message));
      await page.goto(relay.url + path);
      await page.waitForTimeout(500);
      await act(page);
      await page.waitForTimeout(600);
      await page.screenshot({ path: `${out}/${file}.png`, fullPage: width < 1000 });
      await page.close();
      await relay.close();
    }
}
const nothing = async () => {};
for (const scene of ['empty', 'running', 'workshop', 'complete'] as const)
  await shoot('dashboard', scene, '/dashboard', undefined, nothing);
await shoot('unsupported', 'running', '/', undefined, nothing);
await shoot('ready', 'empty', '/', scriptedWorker([]), nothing);
const start = (page: Page) => page.getByRole('button', { name: 'Start' }).click();
await shoot('contribute', 'running', '/', scriptedWorker(scriptedEvents(3)), start);
await shoot(
  'finished',
  'complete',
  '/',
  scriptedWorker([
    ...scriptedEvents(4),
    { event: 'left', reason: 'complete', contributions: 4, tokens: 102_400 },
  ]),
  start,
);
await browser.close();
