import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { createGzip } from 'node:zlib';
import { afterEach, expect, test } from 'vitest';
import { joins } from '../support/contribute/deno-join.ts';
import { Stage, tinyRun } from '../support/contribute/harness.ts';
import { upperTerms } from '../support/contribute/upper-terms.ts';
import { freePort } from '../support/free-port.ts';
import { scriptWithoutRoomFor } from '../support/watch-devices.ts';
import { HostileRelay } from '../system/hostile-relay.ts';

const stage = new Stage();
afterEach(() => stage.close());

test('Deno contributes to a run with permissions for the relay and its own folder only', async () => {
  const create = tinyRun({ rounds: 2, localSteps: 4, quorum: 1, target: 1 });
  const relay = await stage.relay({ folder: await stage.folder(), create });
  const folder = await stage.folder();
  const permissions = [`--allow-net=${relay.url.host}`, `--allow-read=${folder}`, `--allow-write=${folder}`];
  const words = [relay.url.href, '--corpus', 'Romance', '--data', folder, '--json'];
  const { code, events, said } = await joins(permissions, words);
  expect(code, said).toBe(0);
  expect(events.filter(({ event }) => event === 'acknowledged')).toHaveLength(2);
  expect(events.at(-1)).toMatchObject({ event: 'left', reason: 'complete', contributions: 2 });
  expect(relay.status().history).toHaveLength(2);
});

test('Deno without the memory for the whole model counts by its upper layers', async () => {
  const create = tinyRun({ rounds: 2, localSteps: 4, quorum: 1, target: 1, upperLayers: 1 });
  const relay = await stage.relay({ folder: await stage.folder(), create });
  const folder = await stage.folder();
  const before = join(folder, 'before.js');
  await writeFile(before, scriptWithoutRoomFor(4 * upperTerms.layout.length));
  const permissions = [`--allow-net=${relay.url.host}`, `--allow-read=${folder}`, `--allow-write=${folder}`];
  const words = [relay.url.href, '--corpus', 'Romance', '--data', folder, '--json'];
  const { code, events, said } = await joins([...permissions, `--preload=${before}`], words);
  expect(code, said).toBe(0);
  expect(events.filter(({ event }) => event === 'part')).toMatchObject([
    { round: 0, part: 'upper', layers: 1, of: 2, why: { kind: 'memory' } },
  ]);
  const sent = events.filter(({ event }) => event === 'contribution');
  expect(sent).toMatchObject([{ part: 'upper' }, { part: 'upper' }]);
  expect(relay.status().history.map(({ contributions }) => contributions)).toEqual([1, 1]);
});

test('a missing Deno permission ends the join at once and names the option to add', async () => {
  const folder = await stage.folder();
  const host = `127.0.0.1:${await freePort()}`;
  const words = [`http://${host}/`, '--corpus', 'Romance', '--data', folder, '--json'];
  const files = [`--allow-read=${folder}`, `--allow-write=${folder}`];
  const offline = await joins(['--allow-net=relay.example', ...files], words);
  expect(offline.code).not.toBe(0);
  expect(`${JSON.stringify(offline.events)}${offline.said}`).toContain(`--allow-net=${host}`);
  expect(offline.events.filter(({ event }) => event === 'retry')).toEqual([]);
  const unreadable = await joins([`--allow-net=${host}`], words);
  expect(unreadable.code).not.toBe(0);
  expect(`${JSON.stringify(unreadable.events)}${unreadable.said}`).toContain(`--allow-read=${folder}`);
});

/** Permissions and words of a node whose permissions do not hold it back: what it asks for is its own decision. */
async function trusting(relay: URL) {
  const folder = await stage.folder();
  return [
    ['--allow-net', `--allow-read=${folder}`, `--allow-write=${folder}`],
    [relay.href, '--corpus', 'Romance', '--data', folder, '--json'],
  ] as const;
}

test('Deno follows no redirect, neither of a request nor of the WebSocket', async () => {
  const create = tinyRun({ rounds: 1, localSteps: 1, quorum: 1, target: 1 });
  const real = await stage.relay({ folder: await stage.folder(), create });
  const inner = await HostileRelay.start(({ response }) => response.end('{}'), real.url);
  stage.onClose(() => inner.close());
  for (const [isRedirected, last] of [
    [() => true, undefined],
    [({ headers }: IncomingMessage) => headers.upgrade !== undefined, 'retry'],
  ] as const) {
    const asked: string[] = [];
    const outer = createServer(async (request, response) => {
      asked.push(request.url ?? '');
      if (isRedirected(request)) {
        response.writeHead(307, { location: new URL(request.url ?? '', inner.url).href }).end();
        return;
      }
      const answer = await fetch(new URL(request.url ?? '', real.url));
      response.writeHead(answer.status).end(new Uint8Array(await answer.arrayBuffer()));
    }).listen(0, '127.0.0.1');
    stage.onClose(async () => {
      outer.closeAllConnections();
      outer.close();
    });
    await once(outer, 'listening');
    const address = outer.address();
    const port = typeof address === 'object' ? address?.port : 0;
    const { events } = await joins(...(await trusting(new URL(`http://127.0.0.1:${port}/`))), last);
    expect(events.at(-1)).toMatchObject({
      code: expect.stringMatching(/^relay\.(?:redirected|unreachable)$/),
    });
    expect(asked).toEqual(last === undefined ? ['/manifest'] : ['/manifest', '/node', '/node/frames']);
    expect(inner.asked).toEqual([]);
    expect(real.status().nodes).toEqual([]);
  }
});

test('Deno reads no more of a compressed answer than the answer may be long', async () => {
  function* zeros() {
    for (;;) yield Buffer.alloc(2 ** 16);
  }
  const relay = await HostileRelay.start(
    ({ response }) =>
      Readable.from(zeros())
        .pipe(createGzip())
        .pipe(response.writeHead(200, { 'content-encoding': 'gzip' })),
    null,
  );
  stage.onClose(() => relay.close());
  const { events, peak } = await joins(...(await trusting(relay.url)), 'retry');
  console.log(`Deno, an endless gzip: ${peak.toFixed(0)} MiB`);
  expect(events.at(-1)).toMatchObject({ event: 'retry', code: 'relay.unreachable' });
  expect(peak).toBeLessThan(700);
});
