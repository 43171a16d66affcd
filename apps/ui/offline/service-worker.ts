/**
 * Stores pages and their files in the browser, so that they open without their server. It answers for these files alone, and for
 * no other page beside them. It imports nothing, so that the build makes one classic script of it.
 */

/** The part of a service worker that is used here; TypeScript's DOM library has none of it. */
interface LifeEvent {
  waitUntil(work: Promise<unknown>): void;
}
interface AnswerEvent extends LifeEvent {
  readonly request: Request;
  respondWith(answer: Promise<Response>): void;
}
declare function addEventListener(type: 'install' | 'activate', listener: (event: LifeEvent) => void): void;
declare function addEventListener(type: 'fetch', listener: (event: AnswerEvent) => void): void;
declare function skipWaiting(): Promise<void>;
declare const clients: { claim(): Promise<void> };

export {};

const cacheName = 'tapestry-offline';

/** What the build says of the pages: their addresses, and the files that they need. All are relative to this script. */
interface Stored {
  readonly pages: readonly string[];
  readonly files: readonly string[];
}

function isStored(value: unknown): value is Stored {
  if (typeof value !== 'object' || value === null || !('pages' in value) || !('files' in value)) return false;
  const areNames = (names: unknown) =>
    Array.isArray(names) && names.every((name) => typeof name === 'string');
  return areNames(value.pages) && areNames(value.files);
}

const addressOf = (name: string) => new URL(name, location.href).href;

/** Stores all files that the server has now, and removes those of an older version. */
async function store(): Promise<void> {
  const cache = await caches.open(cacheName);
  const list: unknown = await (await fetch('offline.json', { cache: 'no-store' })).json();
  if (!isStored(list)) throw new TypeError('offline.json is no list of files');
  const wanted = new Set([...list.pages, ...list.files].map(addressOf));
  const stored = new Set((await cache.keys()).map(({ url }) => url));
  // The names of assets hold their hashes; other files are fetched again.
  await cache.addAll([...wanted].filter((url) => !(stored.has(url) && url.includes('/assets/'))));
  for (const url of stored) if (!wanted.has(url)) await cache.delete(url);
}

/** A page comes from the server while there is one, so that a newer version is seen at once; any other page only from there. */
async function page(request: Request): Promise<Response> {
  try {
    return await fetch(request);
  } catch (error) {
    const stored = await caches.match(request, { ignoreSearch: true });
    if (stored === undefined) throw error;
    return stored;
  }
}

async function asset(request: Request): Promise<Response> {
  return (await caches.match(request)) ?? fetch(request);
}

addEventListener('install', (event) => event.waitUntil(store().then(() => skipWaiting())));
addEventListener('activate', (event) => event.waitUntil(clients.claim()));
addEventListener('fetch', (event) => {
  const { request } = event;
  // A relay's streams and blobs never pass through here.
  if (request.mode !== 'navigate') {
    if (request.url.startsWith(addressOf('assets/'))) event.respondWith(asset(request));
    return;
  }
  const answered = page(request);
  event.respondWith(answered);
  // Without a server the stored files remain as they are.
  event.waitUntil(answered.then(store).catch(() => undefined));
});
