import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Context, MiddlewareHandler } from 'hono';
import { getMimeType } from 'hono/utils/mime';
import { glob } from 'tinyglobby';

/**
 * For pages: everything from the relay itself, no inline script, in no frame.
 * `connect-src` names what a page may speak to: nothing but its own relay.
 */
const pagePolicy = [
  "default-src 'self'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "worker-src 'self'",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/**
 * For scripts. A dedicated worker is held by the policy of its own script's response, and the contributor's worker holds
 * text: it may load code from the relay and speak to the relay, and nothing else. Pages do not look at it.
 */
const workerPolicy = "default-src 'none'; connect-src 'self'; script-src 'self'";

/** Where the built pages are served. */
const addresses: Readonly<Record<string, string>> = {
  '/': 'contribute/index.html',
  '/dashboard': 'dashboard/index.html',
};

/** Headers of every response: no sniffing, no referrer, no framing, no sharing with other origins. */
export const secured: MiddlewareHandler = async (c, next) => {
  await next();
  c.header('x-content-type-options', 'nosniff');
  c.header('referrer-policy', 'no-referrer');
  c.header('cross-origin-opener-policy', 'same-origin');
  c.header('cross-origin-embedder-policy', 'require-corp');
  c.header('cross-origin-resource-policy', 'same-origin');
  c.header('permissions-policy', 'camera=(), microphone=(), geolocation=()');
  if (!c.res.headers.has('content-security-policy')) {
    c.header('content-security-policy', "default-src 'none'; frame-ancestors 'none'");
  }
};

function mimeTypeOf(name: string): string {
  // The schema that the contribute page links to is there to be read.
  if (name.endsWith('.proto')) return 'text/plain; charset=utf-8';
  return getMimeType(name) ?? 'application/octet-stream';
}

/**
 * The built pages. Only files that were there when the relay started have an address, so no request can name another:
 * there is no path to escape from.
 */
export class Pages {
  readonly #folder: string;
  readonly #files: ReadonlySet<string>;

  private constructor(folder: string, files: ReadonlySet<string>) {
    this.#folder = folder;
    this.#files = files;
  }

  /** Of a folder that is not there, or of none, there are no pages. */
  static async open(folder: string | null): Promise<Pages> {
    const files = folder === null ? [] : await glob('**/*', { cwd: folder });
    return new Pages(folder ?? '', new Set(files));
  }

  async send(c: Context): Promise<Response> {
    const name = addresses[c.req.path] ?? c.req.path.slice(1);
    if (!this.#files.has(name)) return c.notFound();
    const type = mimeTypeOf(name);
    const isScript = type.startsWith('text/javascript');
    c.header('content-type', type);
    c.header('content-security-policy', isScript ? workerPolicy : pagePolicy);
    // Vite names assets by their content; pages keep their names and are asked for anew.
    const cache = name.startsWith('assets/') ? 'public, max-age=31536000, immutable' : 'no-cache';
    c.header('cache-control', cache);
    return c.body(new Uint8Array(await readFile(join(this.#folder, name))));
  }
}
