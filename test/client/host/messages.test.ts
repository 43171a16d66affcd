import fc from 'fast-check';
import { expect, test } from 'vitest';
import { clock } from '../../../client/host/clock.ts';
import { Messages } from '../../../client/host/messages.ts';

test('messages come in order, however pushing and reading interleave, and end', async () => {
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

test('what came before a failure is still read', async () => {
  const messages = new Messages();
  messages.push(Uint8Array.of(1));
  messages.fail(new Error('broke'));
  const iterator = messages[Symbol.asyncIterator]();
  expect(await iterator.next()).toEqual({ done: false, value: Uint8Array.of(1) });
  await expect(iterator.next()).rejects.toThrow('broke');
});

test('a flood ends the connection instead of filling the memory', async () => {
  const messages = new Messages();
  for (let i = 0; i < 100_000; i++) messages.push(Uint8Array.of(1));
  let read = 0;
  const reading = (async () => {
    for await (const _ of messages) read++;
  })();
  await expect(reading).rejects.toMatchObject({ code: 'relay.malformed' });
  expect(read).toBeLessThan(2000);
});

test('a sleep ends with its signal', async () => {
  const controller = new AbortController();
  const startedAt = clock.now();
  const sleeping = clock.sleep(60_000, controller.signal);
  controller.abort();
  await sleeping;
  await clock.sleep(60_000, controller.signal);
  expect(clock.now() - startedAt).toBeLessThan(60_000);
});
