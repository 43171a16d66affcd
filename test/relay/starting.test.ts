import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { start } from './stage.ts';

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

test('whoever asks while the run is being opened gets an answer', async () => {
  const port = await freePort();
  const starting = start({ port });
  let isUp = false;
  void starting.then(() => {
    isUp = true;
  });
  const statuses: number[] = [];
  while (!isUp) {
    const answer = await fetch(`http://127.0.0.1:${port}/healthz`, {
      signal: AbortSignal.timeout(5_000),
    }).catch((error: Error) => {
      // The port may not be taken yet; what is accepted must be answered.
      expect(error.name).not.toBe('TimeoutError');
      return null;
    });
    if (answer !== null) statuses.push(answer.status);
    await answer?.body?.cancel();
    await sleep(0);
  }
  expect(statuses.filter((status) => status !== 200 && status !== 503)).toEqual([]);
  expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).toBe(200);
});
