import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Context, MiddlewareHandler } from 'hono';
import { getMimeType } from 'hono/utils/mime';
import { glob } from 'tinyglobby';
import { hashOfBytes } from '../../storage/sha256.ts';
import { matches } from './blob-response.ts';
import { sharedBody } from './shared-body.ts';

const compressBytes = promisify(gzip);

/**
 * The policy of pages: everything comes from the relay itself, no inline script, no framing. `connect-src` lets a page
 * connect to its own relay only.
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
 * A page of its own scripts and styles that connects to nothing. The worker of the audit page alone reads the run, so nothing but
 * the worker's messages can change what the page shows.
 */
export const unconnectedPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "worker-src 'self'",
  "connect-src 'none'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/**
 * The policy of scripts. A dedicated worker obeys the policy of its own script's response. The contributor's worker holds the
 * user's text, so it may load code from the relay and connect to the relay, and nothing else. A page ignores this policy.
 */
const workerPolicy = "default-src 'none'; connect-src 'self'; script-src 'self'";

/** Where the pages of a folder are served, and under which content-security policies. */
export interface Site {
  /** File names by path. A file without an entry has its own name as its path. */
  readonly addresses: Readonly<Record<string, string>>;
  /** The policy of anything but a script, by its file's name. */
  readonly pagePolicy: (name: string) => string;
  /** The policy of a script, by its file's name. */
  readonly scriptPolicy: (name: string) => string;
}

/** The pages of a relay. */
export const relaySite: Site = {
  addresses: { '/': 'index.html', '/dashboard': 'dashboard.html', '/audit': 'audit.html' },
  pagePolicy: (name) => (name === 'audit.html' ? unconnectedPolicy : pagePolicy),
  scriptPolicy: () => workerPolicy,
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
  // The contribute page links to the schema for people to read it.
  if (name.endsWith('.proto')) return 'text/plain; charset=utf-8';
  return getMimeType(name) ?? 'application/octet-stream';
}

/** What compresses well. Images and fonts are compressed already. */
const compressible = /^(?:text\/|application\/(?:json|javascript|wasm|xml)|image\/svg)/;

/** A file as it is sent, whole or compressed. */
interface Page {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The hash of the file. The compressed bytes have another tag (RFC 9110, 8.8.3.3). */
  readonly hash: string;
  /** Null where the file would not become smaller. */
  readonly gzip: Uint8Array<ArrayBuffer> | null;
}

/**
 * The built pages. Only files that existed when the relay started have an address, so no request can reach a file outside the
 * folder. A file is read, hashed and compressed once, when it is first asked for.
 */
export class Pages {
  readonly #folder: string;
  readonly #files: ReadonlySet<string>;
  readonly #site: Site;
  readonly #read = new Map<string, Promise<Page>>();

  private constructor(folder: string, files: ReadonlySet<string>, site: Site) {
    this.#folder = folder;
    this.#files = files;
    this.#site = site;
  }

  /** Serves no pages if the folder is null or missing. */
  static async open(folder: string | null, site: Site = relaySite): Promise<Pages> {
    const files = folder === null ? [] : await glob('**/*', { cwd: folder });
    return new Pages(folder ?? '', new Set(files), site);
  }

  /** The names of all files. */
  get names(): readonly string[] {
    return [...this.#files];
  }

  async send(c: Context): Promise<Response> {
    const { addresses, pagePolicy, scriptPolicy } = this.#site;
    const name = addresses[c.req.path] ?? c.req.path.slice(1);
    if (!this.#files.has(name)) return c.notFound();
    const type = mimeTypeOf(name);
    const page = await this.#page(name, type);
    const compressed = acceptsGzip(c.req.header('accept-encoding')) ? page.gzip : null;
    const etag = `"${page.hash}${compressed === null ? '' : '-gzip'}"`;
    const isScript = type.startsWith('text/javascript');
    c.header('content-security-policy', isScript ? scriptPolicy(name) : pagePolicy(name));
    // Vite names assets by their content; pages keep their names, so browsers must revalidate them.
    const cache = name.startsWith('assets/') ? 'public, max-age=31536000, immutable' : 'no-cache';
    c.header('cache-control', cache);
    c.header('etag', etag);
    c.header('vary', 'accept-encoding');
    if (matches(c.req.header('if-none-match'), etag)) return c.body(null, 304);
    c.header('content-type', type);
    if (compressed !== null) c.header('content-encoding', 'gzip');
    const bytes = compressed ?? page.bytes;
    c.header('content-length', String(bytes.length));
    return c.body(sharedBody(bytes));
  }

  #page(name: string, type: string): Promise<Page> {
    const known = this.#read.get(name);
    if (known !== undefined) return known;
    const page = readPage(join(this.#folder, name), compressible.test(type));
    this.#read.set(name, page);
    // A file that could not be read is tried again.
    page.catch(() => this.#read.delete(name));
    return page;
  }
}

async function readPage(path: string, compress: boolean): Promise<Page> {
  const bytes = new Uint8Array(await readFile(path));
  const compressed = compress ? new Uint8Array(await compressBytes(bytes)) : bytes;
  return {
    bytes,
    hash: hashOfBytes(bytes),
    gzip: compressed.length < bytes.length ? compressed : null,
  };
}

/** True if an Accept-Encoding header names gzip and does not refuse it (RFC 9110, 12.5.3). */
export function acceptsGzip(header: string | undefined): boolean {
  const codings = header?.toLowerCase().split(',') ?? [];
  return codings.some((coding) => /^\s*gzip\s*(?:;\s*q\s*=\s*(?!0(?:\.0*)?\s*$).*)?$/.test(coding));
}
