import type { Context } from 'hono';
import type { OpenBlob, Span } from '../../storage/blob-store.ts';
import type { Hash } from '../../wire/hex.ts';

/**
 * Parses a Range header for `size` bytes (RFC 9110, 14.2): a span, `unsatisfiable`, or null for the whole. A header that
 * is invalid or names several spans gives null, since a server may ignore it.
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

/** True if an If-None-Match header names `etag`, weakly or not (RFC 9110, 13.1.2). */
export function matches(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  return header.split(',').some((item) => ['*', etag, `W/${etag}`].includes(item.trim()));
}

/** What happens while a blob is sent. */
export interface BlobReader {
  /** Called before each piece is read, which waits for it. */
  turn(): Promise<void> | null;
  /** Called with the number of bytes of each piece. */
  sent(bytes: number): void;
  /** The text for a blob that is not there. */
  missing(): string;
}

/**
 * Sends a blob or the requested range of it, no faster than the client reads; 404 if there is no such blob. A blob's name is
 * its hash, so it never changes and may be cached.
 */
export async function sendBlob(
  c: Context,
  { hash, isPublic }: { readonly hash: Hash; readonly isPublic: boolean },
  open: (hash: Hash, span?: Span) => Promise<OpenBlob | null>,
  reader: BlobReader,
): Promise<Response> {
  const blob = await open(hash);
  if (blob === null) return c.text(reader.missing(), 404);
  const { size } = blob;
  const etag = `"${hash}"`;
  const condition = c.req.header('if-range');
  const isKnown = matches(c.req.header('if-none-match'), etag);
  const isRange = !isKnown && (condition === undefined || condition === etag);
  const span = isRange ? spanOf(c.req.header('range'), size) : null;
  const isBody = c.req.method !== 'HEAD' && !isKnown && span !== 'unsatisfiable' && size > 0;
  let bytes: ReadableStream<Uint8Array> | null = blob.bytes;
  if (!isBody || span !== null) {
    await bytes.cancel();
    bytes = null;
  }
  if (isBody && span !== null) {
    bytes = (await open(hash, span))?.bytes ?? null;
    if (bytes === null) return c.text(reader.missing(), 404);
  }
  c.header('etag', etag);
  c.header('accept-ranges', 'bytes');
  // A shared cache must not pass a restricted blob on to others.
  c.header('cache-control', `${isPublic ? 'public' : 'private'}, max-age=31536000, immutable`);
  if (isKnown) return c.body(null, 304);
  if (span === 'unsatisfiable') {
    c.header('content-range', `bytes */${size}`);
    return c.body(null, 416);
  }
  const { start, end } = span ?? { start: 0, end: size - 1 };
  if (span !== null) c.header('content-range', `bytes ${start}-${end}/${size}`);
  c.header('content-type', 'application/octet-stream');
  c.header('content-length', String(end - start + 1));
  const status = span === null ? 200 : 206;
  return bytes === null ? c.body(null, status) : c.body(counted(bytes, reader), status);
}

/** The same bytes; each piece waits for `turn` before it is read, and is counted. */
function counted(
  bytes: ReadableStream<Uint8Array>,
  { turn, sent }: BlobReader,
): ReadableStream<Uint8Array<ArrayBufferLike>> {
  const reader = bytes.getReader();
  return new ReadableStream(
    {
      async pull(controller) {
        await turn();
        const { done, value } = await reader.read();
        if (done) return controller.close();
        sent(value.length);
        controller.enqueue(value);
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  );
}
