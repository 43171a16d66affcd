import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { freePort } from '../../support/free-port.ts';
import { start } from '../../support/relay/stage.ts';

test('a request gets an answer while the relay opens its run', async () => {
  const port = await freePort();
  const starting = start({ port });
  let isUp = false;
  void starting.then(() => {
    isUp = true;
  });
  const statuses: number[] = [];
  while (!isUp) {
    const answer = await fetch(`http://127.0.0.1:${port}/healthz`, {
      signal: AbortSignal.timeout(120_000),
    }).catch((error: Error) => {
      // The port may not be open yet, but an accepted connection must get an answer.
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
