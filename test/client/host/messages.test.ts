import fc from 'fast-check';
import { expect, test } from 'vitest';
import { clock } from '../../../client/clock.ts';
import { Messages } from '../../../client/host/messages.ts';

test('messages are read in order, and end, in any interleaving of pushes and reads', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.boolean(), { maxLength: 30 }), async (pauses) => {
      const messages = new Messages();
      const read: number[] = [];
      const reading = (async () => {
        for await (const bytes of messages) read.push(bytes[0] ?? -1);
      })();
      for (const [index, pause] of pauses.entries()) {
        messages.push(Uint8Array.of(index));
        if (pause) await Promise.resolve();
      }
      messages.end();
      messages.push(Uint8Array.of(99));
      await reading;
      expect(read).toEqual(pauses.map((_, index) => index));
    }),
  );
});

test('messages that arrived before a failure are still read', async () => {
  const messages = new Messages();
  messages.push(Uint8Array.of(1));
  messages.fail(new Error('broke'));
  const iterator = messages[Symbol.asyncIterator]();
  expect(await iterator.next()).toEqual({ done: false, value: Uint8Array.of(1) });
  await expect(iterator.next()).rejects.toThrow('broke');
});

test.each([1, 100_000])(
  'a flood of messages of %i bytes ends the connection instead of filling the memory',
  async (bytes) => {
    const messages = new Messages();
    for (let i = 0; i < 3_000; i++) messages.push(new Uint8Array(bytes));
    let read = 0;
    const reading = (async () => {
      for await (const message of messages) read += message.length;
    })();
    await expect(reading).rejects.toMatchObject({ code: 'relay.malformed' });
    expect(read).toBeLessThan(5_000_000);
    expect(read / bytes).toBeLessThan(2000);
  },
);

test('a sleep ends with its signal', async () => {
  const controller = new AbortController();
  const startedAt = clock.now();
  const sleeping = clock.sleep(60_000, controller.signal);
  controller.abort();
  await sleeping;
  await clock.sleep(60_000, controller.signal);
  expect(clock.now() - startedAt).toBeLessThan(60_000);
});
