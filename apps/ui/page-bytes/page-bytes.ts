import { type ReadonlySignal, signal } from '@preact/signals';
import type { StatusFeed } from '../status-feed.ts';
import { watchLoaded } from './loaded-bytes.ts';

/** What a page itself downloaded: its document, scripts, pictures and the relay's status, and what its workers told of themselves. */
export interface PageBytes {
  readonly total: ReadonlySignal<number>;
  /** A worker of this page downloaded so many bytes for the page. */
  add(bytes: number): void;
}

/**
 * Counts from the page's begin on. The stream of the status has no end by which the browser could time it, so its events are counted
 * as the text that arrived; all else is as the browser counts it.
 */
export function openPageBytes(feed: Pick<StatusFeed, 'streamed'>): PageBytes {
  const total = signal(0);
  const add = (bytes: number) => {
    total.value += bytes;
  };
  watchLoaded(['navigation', 'resource'], ({ name }) => !new URL(name).pathname.endsWith('/api/events'), add);
  let before = 0;
  feed.streamed.subscribe((bytes) => {
    add(bytes - before);
    before = bytes;
  });
  return { total, add };
}
