/**
 * Stores the studio's own files in the browser, so that the page opens without its server. It answers for these files alone
 * and fetches nothing else. It imports nothing, so that the build makes one classic script of it.
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

const cacheName = 'tapestry-studio';

function isNames(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((name) => typeof name === 'string');
}

/** Stores all files that the server has now, and removes those of an older version. */
async function store(): Promise<void> {
  const cache = await caches.open(cacheName);
  const names: unknown = await (await fetch('files.json', { cache: 'no-store' })).json();
  if (!isNames(names)) throw new TypeError('files.json is no list of names');
  const wanted = new Set(['./', ...names].map((name) => new URL(name, location.href).href));
  const stored = new Set((await cache.keys()).map(({ url }) => url));
  // The names of assets hold their hashes; other files are fetched again.
  await cache.addAll([...wanted].filter((url) => !(stored.has(url) && url.includes('/assets/'))));
  for (const url of stored) if (!wanted.has(url)) await cache.delete(url);
}

/** A page comes from the server while there is one, so that a newer version is seen at once. */
async function page(request: Request): Promise<Response> {
  try {
    return await fetch(request);
  } catch (error) {
    const stored = await caches.match(new URL('./', location.href).href);
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
  if (event.request.mode !== 'navigate') return event.respondWith(asset(event.request));
  const answered = page(event.request);
  event.respondWith(answered);
  // Without a server the stored files remain as they are.
  event.waitUntil(answered.then(store).catch(() => undefined));
});
