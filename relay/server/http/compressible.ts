import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Context } from 'hono';
import { acceptsGzip } from './pages.ts';
import { sharedBody } from './shared-body.ts';

const compress = promisify(gzip);

/** JSON whose two encodings are each made at most once, for many answers. */
export class CompressibleJson {
  readonly text: string;
  #plain: Uint8Array<ArrayBuffer> | null = null;
  #compressed: Promise<Uint8Array<ArrayBuffer>> | null = null;

  constructor(value: unknown) {
    this.text = JSON.stringify(value);
  }

  /** Answers with the JSON, compressed for those who accept it. It is never stored, because the next answer differs. */
  async send(c: Context): Promise<Response> {
    c.header('content-type', 'application/json');
    c.header('cache-control', 'no-store');
    c.header('vary', 'accept-encoding');
    const isCompressed = acceptsGzip(c.req.header('accept-encoding'));
    if (isCompressed) c.header('content-encoding', 'gzip');
    const bytes = isCompressed ? await this.#gzip() : this.#bytes();
    c.header('content-length', String(bytes.length));
    return c.body(sharedBody(bytes));
  }

  #bytes(): Uint8Array<ArrayBuffer> {
    this.#plain ??= new TextEncoder().encode(this.text);
    return this.#plain;
  }

  #gzip(): Promise<Uint8Array<ArrayBuffer>> {
    this.#compressed ??= compress(this.text).then((bytes) => new Uint8Array(bytes));
    return this.#compressed;
  }
}
