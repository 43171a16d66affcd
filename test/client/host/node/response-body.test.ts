import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { bodyOf } from '../../../../client/host/node/response-body.ts';

test('a pinned download takes no more from the relay than its reader asks for', async () => {
  let sent = 0;
  const incoming = new Readable({
    highWaterMark: 16,
    read() {
      sent++;
      this.push(sent > 10_000 ? null : Buffer.alloc(8));
    },
  });
  const reader = bodyOf(incoming).getReader();
  expect((await reader.read()).value).toHaveLength(8);
  for (let turn = 0; turn < 100; turn++) await new Promise((resolve) => setImmediate(resolve));
  expect(sent).toBeLessThan(20);
  let bytes = 8;
  for (let part = await reader.read(); !part.done; part = await reader.read()) bytes += part.value.length;
  expect(bytes).toBe(80_000);
});

test('cancelling a download closes the connection', async () => {
  const incoming = new Readable({ read() {} });
  await bodyOf(incoming).cancel();
  expect(incoming.destroyed).toBe(true);
});
