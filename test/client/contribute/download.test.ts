import fc from 'fast-check';
import { expect, test } from 'vitest';
import { download, hashOf } from '../../../client/contribute/download.ts';
import type { Host } from '../../../client/contribute/host.ts';
import { TapestryError } from '../../../client/errors.ts';
import { nodeHost } from '../../../client/host/node.ts';

const relay = new URL('http://relay.example/');
const never = new AbortController().signal;

/** A host whose relay answers with `serve(from)`, and whose time costs none. */
function hostOf(serve: (from: number, range: string | undefined) => Response | Promise<Response>): Host {
  return {
    ...nodeHost({ folder: '/nowhere' }),
    sleep: async () => undefined,
    fetch: async (_, init) => {
      const range = init?.headers?.['range'];
      return serve(range === undefined ? 0 : Number(/^bytes=(\d+)-$/.exec(range)?.[1]), range);
    },
  };
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

test('a download that breaks anywhere, again and again, goes on where it was', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uint8Array({ minLength: 1, maxLength: 300 }),
      fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 8 }),
      fc.boolean(),
      async (bytes, breaks, ranges) => {
        const asked: number[] = [];
        const pieces = breaks.values();
        const host = hostOf((from) => {
          asked.push(from);
          const start = ranges ? from : 0;
          const status = from > 0 && ranges ? 206 : 200;
          const piece = pieces.next();
          const rest = bytes.slice(start);
          if (piece.done || piece.value >= rest.length) return new Response(rest, { status });
          return broken(rest.slice(0, piece.value), status);
        });
        expect(await download(host, relay, await hashOf(bytes), bytes.length, never)).toEqual(bytes);
        if (ranges) expect(asked).toEqual([...asked].sort((a, b) => a - b));
      },
    ),
  );
});

test('bytes that are not what their name says are refused', async () => {
  const bytes = Uint8Array.of(1, 2, 3);
  const hash = await hashOf(bytes);
  const other = hostOf(() => new Response(Uint8Array.of(1, 2, 4)));
  await expect(download(other, relay, hash, 3, never)).rejects.toMatchObject({ code: 'relay.bad-blob' });
  const endless = hostOf(() => new Response(new Uint8Array(1000)));
  await expect(download(endless, relay, hash, 3, never)).rejects.toMatchObject({ code: 'relay.bad-blob' });
});

test('a relay that gives nothing is given up after some attempts, an abort at once', async () => {
  let attempts = 0;
  const missing = hostOf(() => {
    attempts++;
    return new Response('not here', { status: 404 });
  });
  await expect(download(missing, relay, '0'.repeat(64), 3, never)).rejects.toMatchObject({
    code: 'relay.unreachable',
  });
  expect(attempts).toBe(5);
  const short = hostOf((from) => new Response(new Uint8Array(0), { status: from > 0 ? 206 : 200 }));
  await expect(download(short, relay, '0'.repeat(64), 3, never)).rejects.toBeInstanceOf(TapestryError);
  const leaving = new AbortController();
  leaving.abort(new Error('left'));
  await expect(download(missing, relay, '0'.repeat(64), 3, leaving.signal)).rejects.toThrow('left');
});
