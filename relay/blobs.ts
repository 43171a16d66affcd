import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { Context } from 'hono';

/** The one span of bytes that is sent; `end` is the last byte's place. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/**
 * What a Range header asks of `size` bytes (RFC 9110, 14.2): a span, `unsatisfiable`, or null where all of it is to be
 * sent, as for headers that are none and for several spans at once, which a server may ignore.
 */
export function spanOf(header: string | undefined, size: number): Span | 'unsatisfiable' | null {
  const match = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header?.trim() ?? '');
  const [, from = '', to = ''] = match ?? [];
  if (match === null || (from === '' && to === '')) return null;
  if (from === '') {
    const length = Math.min(Number(to), size);
    return length === 0 ? 'unsatisfiable' : { start: size - length, end: size - 1 };
  }
  const start = Number(from);
  if (to !== '' && Number(to) < start) return null;
  if (start >= size) return 'unsatisfiable';
  return { start, end: to === '' ? size - 1 : Math.min(Number(to), size - 1) };
}

/** Whether an If-None-Match header names `etag`, weakly or not (RFC 9110, 13.1.2). */
export function matches(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  return header.split(',').some((item) => ['*', etag, `W/${etag}`].includes(item.trim()));
}

/**
 * A content-addressed file, streamed from disk: its name is its hash, so it never changes and any cache may keep it for
 * ever. `sent` is told of the bytes as they go.
 */
export async function sendBlob(
  c: Context,
  blob: { readonly hash: string; readonly path: string },
  sent: (bytes: number) => void,
): Promise<Response> {
  const { size } = await stat(blob.path);
  const etag = `"${blob.hash}"`;
  c.header('etag', etag);
  c.header('accept-ranges', 'bytes');
  c.header('cache-control', 'public, max-age=31536000, immutable');
  if (matches(c.req.header('if-none-match'), etag)) return c.body(null, 304);
  const condition = c.req.header('if-range');
  const span = condition === undefined || condition === etag ? spanOf(c.req.header('range'), size) : null;
  if (span === 'unsatisfiable') {
    c.header('content-range', `bytes */${size}`);
    return c.body(null, 416);
  }
  const { start, end } = span ?? { start: 0, end: size - 1 };
  if (span !== null) c.header('content-range', `bytes ${start}-${end}/${size}`);
  c.header('content-type', 'application/octet-stream');
  c.header('content-length', String(end - start + 1));
  const status = span === null ? 200 : 206;
  if (c.req.method === 'HEAD' || size === 0) return c.body(null, status);
  return c.body(streamOf(blob.path, { start, end }, sent), status);
}

/** Read as fast as it is taken, a chunk at a time. */
function streamOf(path: string, span: Span, sent: (bytes: number) => void): ReadableStream<Uint8Array> {
  const file = createReadStream(path, span);
  const chunks: AsyncIterator<Uint8Array> = file.iterator();
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await chunks.next();
      if (done) return controller.close();
      sent(value.length);
      controller.enqueue(value);
    },
    cancel() {
      file.destroy();
    },
  });
}
