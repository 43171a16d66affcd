import { afterAll, expect, test } from 'vitest';
import { launchBrowser } from '../../bench/browser.ts';
import { downlinkCodecOf } from '../../relay/wire/manifest.ts';
import { joins } from '../support/contribute/deno-join.ts';
import { Stage, tinyRun } from '../support/contribute/harness.ts';
import { openWatched } from '../support/pages/watched-page.ts';
import { built } from './built.ts';

const stage = new Stage();
afterAll(() => stage.close());

const rounds = 20;

test('a node of each host follows 20 rounds by deltas alone, and has the hash of the relay at each', async () => {
  const value = { block: 4096, bytes: 1020, exponent: -22, maxShift: 14 };
  const downlink = { case: 'entropyDeltas' as const, value };
  const tiny = tinyRun({ rounds, localSteps: 1, quorum: 3, target: 3, downlink });
  const create = { ...tiny, manifest: { ...tiny.manifest, corpora: ['even', 'Romance', 'Celtic'] } };
  const relay = await stage.relay({ folder: await stage.folder(), create, pages: (await built()).pages });
  const { length } = create.initialBase;
  const deltaBytes = downlinkCodecOf(relay.manifest)?.payloadBytes(length) ?? 0;

  const browser = await launchBrowser('swiftshader');
  stage.onClose(() => browser.close());
  const { page, problems } = await openWatched(browser);
  /** What the tab asked of the relay. */
  const asked: string[] = [];
  page.context().on('request', (request) => asked.push(new URL(request.url()).pathname));
  await page.goto(relay.url.href);
  await page.getByLabel('Corpus', { exact: true }).selectOption('Celtic');
  await page.getByRole('button', { name: 'Start' }).click();

  const folder = await stage.folder();
  const permissions = [`--allow-net=${relay.url.host}`, `--allow-read=${folder}`, `--allow-write=${folder}`];
  const deno = joins(permissions, [relay.url.href, '--corpus', 'Romance', '--data', folder, '--json']);
  const node = stage.node(await stage.folder(), relay.url);
  expect(await node.done).toBeUndefined();
  const { code, events, said } = await deno;
  expect(code, said).toBe(0);
  await page.getByText('The run is complete. Thank you.').waitFor();

  const { history } = relay.status();
  const initial = node.all('joined')[0]?.base;
  // Each round begins with the base of the one before, and the last base is measured. A node checks the hash of the bits that it made
  // of it.
  const bases = [initial, ...history.map(({ base }) => base)];
  const bytes = [length * 4, ...history.map(() => deltaBytes)];
  const followed = bases.map((base, i) => ({ round: i + 1, base, bytes: bytes[i] }));
  expect(node.all('synced')).toMatchObject(followed);
  expect(events.filter(({ event }) => event === 'synced')).toMatchObject(followed);
  const last = [{ round: rounds, base: bases.at(-1), heldOutLoss: expect.any(Number) }];
  expect(node.all('last-base')).toMatchObject(last);
  expect(events.filter(({ event }) => event === 'last-base')).toMatchObject(last);
  expect(history.map(({ contributions }) => contributions)).toEqual(Array(rounds).fill(3));

  const blobs = asked
    .filter((path) => path.startsWith('/blobs/'))
    .map((path) => path.slice('/blobs/'.length));
  expect(blobs[0]).toBe(initial);
  expect(blobs).toHaveLength(bases.length);
  expect(blobs.filter((hash) => bases.slice(1).includes(hash))).toEqual([]);
  expect(problems).toEqual([]);
  console.log(`bytes down a parameter and round: ${((8 * deltaBytes) / length).toFixed(3)} bits`);
});
