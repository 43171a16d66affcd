import { Hono } from 'hono';
import { streamSSE } from 'hono/streaming';
import { sendBlob } from './blobs.ts';
import type { Hub } from './hub.ts';
import { type Pages, secured } from './pages.ts';
import type { StatusView } from './status-view.ts';
import { isHash } from './wire/hex.ts';
import type { RelayStatus } from './wire/status.ts';

/** What anyone may read of a relay: its pages, status, journal, blobs, health and metrics. Nothing here changes anything. */
export function readable(hub: Hub, view: StatusView, pages: Pages): Hono {
  const app = new Hono();
  const { run, metrics } = hub;
  app.use(secured);

  app.get('/healthz', (c) => {
    const { round, phase } = run.current();
    c.header('cache-control', 'no-store');
    return c.json({ status: hub.healthy ? 'ok' : 'storage-failing', round, phase }, hub.healthy ? 200 : 503);
  });

  app.get('/metrics', async (c) => {
    const text = await metrics.registry.metrics();
    return c.body(text, 200, { 'content-type': metrics.registry.contentType, 'cache-control': 'no-store' });
  });

  app.get('/api/status', (c) => c.json(view.status(), 200, { 'cache-control': 'no-store' }));

  let streams = 0;
  app.get('/api/events', (c) => {
    if (streams >= hub.limits.eventStreams) return c.text('too many event streams; ask /api/status', 503);
    streams++;
    return streamSSE(c, async (stream) => {
      // The latest status only: a reader that is slower than the relay misses some, and never holds any up.
      let latest: RelayStatus | null = view.status();
      let wake = () => {};
      const unwatch = view.watch((status) => {
        latest = status;
        wake();
      });
      stream.onAbort(() => wake());
      try {
        while (!stream.aborted) {
          if (latest === null) {
            await new Promise<void>((resolve) => {
              wake = resolve;
            });
            continue;
          }
          const data = JSON.stringify(latest);
          latest = null;
          await stream.writeSSE({ data });
        }
      } finally {
        unwatch();
        streams--;
      }
    });
  });

  app.get('/journal', (c) => {
    const after = c.req.query('after') ?? '0';
    if (!/^\d{1,15}$/.test(after)) return c.text('after must be the sequence number of an entry', 400);
    c.header('content-type', 'application/x-ndjson');
    c.header('cache-control', 'no-store');
    return c.body(linesOf(run.journalAfter(Number(after))));
  });

  app.get('/blobs/:hash', async (c) => {
    const hash = c.req.param('hash');
    const path = isHash(hash) ? await run.blob(hash) : null;
    if (path === null) return c.text('no such blob', 404);
    return sendBlob(c, { hash, path }, (bytes) => metrics.moved('down', 'blob', bytes));
  });

  app.get('*', (c) => pages.send(c));
  app.notFound((c) => c.text('not found', 404));
  app.onError((error, c) => {
    hub.log.error({ err: error, path: c.req.path }, 'a request failed');
    return c.text('the relay failed to answer', 500);
  });
  return app;
}

/** One line each, read as fast as they are taken. */
function linesOf(lines: AsyncIterable<string>): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  const iterator = lines[Symbol.asyncIterator]();
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await iterator.next();
      if (done) controller.close();
      else controller.enqueue(encoder.encode(`${value}\n`));
    },
    async cancel() {
      await iterator.return?.();
    },
  });
}
