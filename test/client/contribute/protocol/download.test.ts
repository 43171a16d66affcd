import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Network } from '../../../../client/contribute/network.ts';
import { Downloads } from '../../../../client/contribute/protocol/download.ts';
import { TapestryError } from '../../../../client/errors.ts';
import { RelayHttp, stallMilliseconds, TooLong } from '../../../../client/relay-http.ts';
import type { Clock } from '../../../../client/runtime.ts';
import { contentHash } from '../../../../client/sha256.ts';

const never = new AbortController().signal;

const relay = new URL('http://relay.example/');

type Serve = (from: number, signal: AbortSignal) => Response | Promise<Response>;

/** Downloads from a relay that answers with `serve(from)`. Delays take no time; a stall is over when `stall` resolves. */
function downloads(serve: Serve, stall: Promise<void> = new Promise(() => undefined)): Downloads {
  const clock: Clock = {
    now: () => 0,
    sleep: (milliseconds) => (milliseconds === stallMilliseconds ? stall : Promise.resolve()),
  };
  const network: Pick<Network, 'fetch'> = {
    fetch: async (_, init) => {
      const range = init?.headers?.['range'];
      const from = range === undefined ? 0 : Number(/^bytes=(\d+)-$/.exec(range)?.[1]);
      return serve(from, init?.signal ?? never);
    },
  };
  return new Downloads(new RelayHttp(network, clock, relay), clock);
}

/** Sends `bytes` and then breaks. */
function broken(bytes: Uint8Array<ArrayBuffer>, status: number): Response {
  let sent = false;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (sent) controller.error(new Error('the network broke'));
      else controller.enqueue(bytes);
      sent = true;
    },
  });
  return new Response(body, { status });
}

test('a download that breaks anywhere, again and again, resumes where it was', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uint8Array({ minLength: 1, maxLength: 300 }),
      fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 8 }),
      fc.boolean(),
      async (bytes, breaks, ranges) => {
        const asked: number[] = [];
        const pieces = breaks.values();
        const source = downloads((from) => {
          asked.push(from);
          const start = ranges ? from : 0;
          const status = from > 0 && ranges ? 206 : 200;
          const piece = pieces.next();
          const rest = bytes.slice(start);
          if (piece.done || piece.value >= rest.length) return new Response(rest, { status });
          return broken(rest.slice(0, piece.value), status);
        });
        expect(await source.blob(await contentHash(bytes), bytes.length, never)).toEqual(bytes);
        if (ranges) expect(asked).toEqual([...asked].sort((a, b) => a - b));
      },
    ),
  );
});

test("bytes that do not hash to the blob's name are refused", async () => {
  const bytes = Uint8Array.of(1, 2, 3);
  const hash = await contentHash(bytes);
  const other = downloads(() => new Response(Uint8Array.of(1, 2, 4)));
  await expect(other.blob(hash, 3, never)).rejects.toMatchObject({ code: 'relay.bad-blob' });
  const endless = downloads(() => new Response(new Uint8Array(1000)));
  await expect(endless.blob(hash, 3, never)).rejects.toMatchObject({ code: 'relay.bad-blob' });
});

test('a download gives up after some attempts on a relay that sends nothing, and at once when aborted', async () => {
  let attempts = 0;
  const missing = downloads(() => {
    attempts++;
    return new Response('not here', { status: 404 });
  });
  await expect(missing.blob('0'.repeat(64), 3, never)).rejects.toMatchObject({
    code: 'relay.unreachable',
  });
  expect(attempts).toBe(5);
  const short = downloads((from) => new Response(new Uint8Array(0), { status: from > 0 ? 206 : 200 }));
  await expect(short.blob('0'.repeat(64), 3, never)).rejects.toBeInstanceOf(TapestryError);
  const leaving = new AbortController();
  leaving.abort(new Error('left'));
  await expect(missing.blob('0'.repeat(64), 3, leaving.signal)).rejects.toThrow('left');
});

test('a relay that sends one byte of each answer is given up at last', async () => {
  let attempts = 0;
  const bytes = new Uint8Array(1000);
  const drip = downloads((from) => {
    attempts++;
    return broken(bytes.slice(from, from + 1), from > 0 ? 206 : 200);
  });
  await expect(drip.blob(await contentHash(bytes), 1000, never)).rejects.toMatchObject({
    code: 'relay.unreachable',
  });
  expect(attempts).toBeLessThan(20);
});

test('a stalled download is given up after its time limit and resumed by range', async () => {
  const bytes = Uint8Array.from({ length: 100 }, (_, i) => i);
  const stall = Promise.withResolvers<void>();
  const asked: number[] = [];
  const source = downloads((from, signal) => {
    asked.push(from);
    if (from > 0) return new Response(bytes.slice(from), { status: 206 });
    const body = new ReadableStream<Uint8Array>(
      {
        start(controller) {
          controller.enqueue(bytes.slice(0, 40));
          signal.addEventListener('abort', () => controller.error(signal.reason));
        },
        pull: () => {
          // The download took the first piece, and the relay sends no other.
          stall.resolve();
          return new Promise(() => undefined);
        },
      },
      { highWaterMark: 0 },
    );
    return new Response(body);
  }, stall.promise);
  expect(await source.blob(await contentHash(bytes), 100, never)).toEqual(bytes);
  expect(asked).toEqual([0, 40]);
});

test('a download that was aborted is resumed when the same blob is asked for again', async () => {
  const bytes = Uint8Array.from({ length: 100 }, (_, i) => i);
  const hash = await contentHash(bytes);
  const leaving = new AbortController();
  const asked: number[] = [];
  const source = downloads((from) => {
    asked.push(from);
    if (from > 0) return new Response(bytes.slice(from), { status: 206 });
    const body = broken(bytes.slice(0, 60), 200);
    queueMicrotask(() => leaving.abort(new Error('left')));
    return body;
  });
  await expect(source.blob(hash, 100, leaving.signal)).rejects.toThrow('left');
  expect(await source.blob(hash, 100, never)).toEqual(bytes);
  expect(asked.at(-1)).toBeGreaterThan(0);
});

test('a body that is announced as, or turns out, longer than allowed is refused before it is stored', async () => {
  const clock: Clock = { now: () => 0, sleep: () => new Promise(() => undefined) };
  const read = (response: Response) =>
    new RelayHttp({ fetch: async () => response }, clock, relay).read('manifest', {
      most: 10,
      signal: never,
    });
  const announced = new Response('', { headers: { 'content-length': '1000000000' } });
  await expect(read(announced)).rejects.toBeInstanceOf(TooLong);
  let sent = 0;
  const endless = new ReadableStream<Uint8Array>({
    pull(controller) {
      controller.enqueue(new Uint8Array(4));
      sent += 4;
    },
  });
  await expect(read(new Response(endless))).rejects.toBeInstanceOf(TooLong);
  expect(sent).toBeLessThan(30);
  expect(await read(new Response('ten bytes!'))).toHaveLength(10);
  await expect(read(new Response('no', { status: 404 }))).rejects.toMatchObject({ status: 404 });
});
