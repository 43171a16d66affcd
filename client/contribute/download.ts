import { toHex } from '../../relay/wire/hex.ts';
import { TapestryError } from '../errors.ts';
import type { Host } from './host.ts';

/** How often in a row a download that gets not one byte further is tried, and how long between. */
const patience = { attempts: 5, milliseconds: 500 } as const;

/**
 * The blob that hashes to `hash` and has `length` bytes, from `GET /blobs/<hash>`. A broken download goes on from the
 * byte it reached (HTTP ranges); more or other bytes than promised are refused.
 * @throws TapestryError `relay.unreachable`, or `relay.bad-blob` for bytes that are not what their name says
 */
export async function download(
  host: Host,
  relay: URL,
  hash: string,
  length: number,
  signal: AbortSignal,
): Promise<Uint8Array<ArrayBuffer>> {
  const url = new URL(`blobs/${hash}`, relay);
  const bytes = new Uint8Array(length);
  let filled = 0;
  for (let attempt = 1; filled < length; attempt++) {
    const before = filled;
    try {
      filled = await fill(host, url, bytes, filled, signal);
      if (filled <= before) throw new Error('nothing came');
    } catch (cause) {
      signal.throwIfAborted();
      if (cause instanceof TapestryError && cause.code === 'relay.bad-blob') throw cause;
      if (cause instanceof Progress) filled = cause.filled;
      if (filled > before) attempt = 0;
      if (attempt >= patience.attempts) throw unreachable(url, cause);
      await host.sleep(patience.milliseconds, signal);
      signal.throwIfAborted();
    }
  }
  if ((await hashOf(bytes)) !== hash) throw bad('bytes that do not hash to the name');
  return bytes;
}

export async function hashOf(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return toHex(new Uint8Array(await crypto.subtle.digest('SHA-256', bytes)));
}

/** A download broke after some bytes had come. */
class Progress extends Error {
  readonly filled: number;
  constructor(filled: number, cause: unknown) {
    super('the download broke', { cause });
    this.filled = filled;
  }
}

/** Fetches from `filled` on into `bytes`; gives how far it came. */
async function fill(
  host: Host,
  url: URL,
  bytes: Uint8Array<ArrayBuffer>,
  filled: number,
  signal: AbortSignal,
): Promise<number> {
  const headers: Record<string, string> = filled > 0 ? { range: `bytes=${filled}-` } : {};
  const response = await host.fetch(url, { headers, signal });
  if (!response.ok || response.body === null) {
    await response.body?.cancel();
    throw new Error(`HTTP status ${response.status}`);
  }
  // A server that does not do ranges sends the whole again.
  let at = response.status === 206 ? filled : 0;
  const reader = response.body.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return at;
      if (at + value.length > bytes.length) throw bad('more bytes than the model has');
      bytes.set(value, at);
      at += value.length;
    }
  } catch (cause) {
    await reader.cancel().catch(() => undefined);
    throw cause instanceof TapestryError ? cause : new Progress(at, cause);
  }
}

function bad(what: string): TapestryError {
  return new TapestryError(
    'relay.bad-blob',
    `The relay sent ${what}.`,
    'Nothing to do: it is fetched again. If this stays, a proxy changes the bytes or the relay is faulty.',
  );
}

function unreachable(url: URL, cause: unknown): TapestryError {
  return new TapestryError(
    'relay.unreachable',
    `${url.origin} does not give the base.`,
    'Nothing to do: this node tries again. If this stays, ask the operator of the relay.',
    { cause },
  );
}
