import fc from 'fast-check';
import { expect, test } from 'vitest';
import { clock } from '../../client/clock.ts';
import {
  Compressed,
  firstBytes,
  leastBytesPerSecond,
  RelayHttp,
  slowMilliseconds,
  TooSlow,
} from '../../client/relay-http.ts';
import type { Clock } from '../../client/runtime.ts';

const relay = new URL('http://relay.example/');

test('a compressed answer is refused before its body is read', async () => {
  let read = false;
  const body = new ReadableStream<Uint8Array>(
    {
      pull() {
        read = true;
      },
    },
    { highWaterMark: 0 },
  );
  const asked: string[] = [];
  const fetch = async (_: URL, init?: { headers?: Record<string, string> }) => {
    asked.push(init?.headers?.['accept-encoding'] ?? '');
    return new Response(body, { headers: { 'content-encoding': 'gzip' } });
  };
  const http = new RelayHttp({ fetch }, clock, relay);
  await expect(http.read('manifest', { most: 100 })).rejects.toBeInstanceOf(Compressed);
  expect({ read, asked }).toEqual({ read: false, asked: ['identity'] });
});

test('a relay that sends some bytes before each stall is over is given up, but not one whose reader is slow', async () => {
  const second = 1000;
  for (const [rate, readerSeconds, isSlow] of [
    [leastBytesPerSecond / 16, 0, true],
    [leastBytesPerSecond * 16, 0, false],
    [leastBytesPerSecond * 16, 600, false],
  ] as const) {
    let now = 0;
    const time: Clock = { now: () => now, sleep: () => new Promise(() => undefined) };
    let pieces = (3 * slowMilliseconds) / second / 10;
    const body = new ReadableStream<Uint8Array>(
      {
        pull(controller) {
          now += 10 * second;
          controller.enqueue(new Uint8Array(10 * rate));
          if (--pieces === 0) controller.close();
        },
      },
      { highWaterMark: 0 },
    );
    const http = new RelayHttp({ fetch: async () => new Response(body) }, time, relay);
    const read = async () => {
      const answer = await http.get('blobs/x', { most: 2 ** 30 });
      for await (const _ of answer.pieces) now += readerSeconds * second;
    };
    if (isSlow) await expect(read()).rejects.toBeInstanceOf(TooSlow);
    else await read();
    expect(now > 3 * slowMilliseconds - second).toBe(!isSlow);
  }
});

test('the first bytes of pieces are those of all pieces joined', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 40 })), fc.nat(200), async (pieces, limit) => {
      async function* given() {
        yield* pieces;
      }
      const all = Uint8Array.from(pieces.flatMap((piece) => [...piece]));
      expect(await firstBytes(given(), limit)).toEqual(all.slice(0, limit));
    }),
  );
});

test('memory grows with what arrives, not with what may arrive', async () => {
  async function* one() {
    yield new Uint8Array(3);
  }
  expect((await firstBytes(one(), 2 ** 40)).buffer.byteLength).toBeLessThan(2 ** 17);
});
