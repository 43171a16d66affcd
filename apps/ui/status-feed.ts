import { type ReadonlySignal, signal } from '@preact/signals';
import * as v from 'valibot';
import { retryDelay } from '../../client/retry-delay.ts';
import { type RelayStatus, relayStatusSchema } from '../../relay/wire/status.ts';

export type Connection = 'connecting' | 'live' | 'stale' | 'unreadable';

export interface StatusFeed {
  readonly status: ReadonlySignal<RelayStatus | null>;
  readonly connection: ReadonlySignal<Connection>;
  /** Time of the last status from the relay, in milliseconds since 1970 on the page's clock. */
  readonly heardAt: ReadonlySignal<number>;
  close(): void;
}

/** Parses a status; null if the text is not one. */
export function parseStatus(text: string): RelayStatus | null {
  try {
    const parsed = v.safeParse(relayStatusSchema, JSON.parse(text), { abortEarly: true });
    return parsed.success ? parsed.output : null;
  } catch {
    return null;
  }
}

/** The status with its whole history, of which `next` has the rounds after those of `known`; null if some are missing. */
export function withHistory(known: RelayStatus | null, next: RelayStatus): RelayStatus | null {
  const { historyAfter } = next;
  if (historyAfter === 0) return next;
  const before = known?.run.id === next.run.id ? known.history : [];
  if ((before.at(-1)?.round ?? 0) < historyAfter) return null;
  const kept = before.filter(({ round }) => round <= historyAfter);
  return { ...next, historyAfter: 0, history: [...kept, ...next.history] };
}

/** Delays before the feed connects again. */
const backoff = { firstMilliseconds: 500, lastMilliseconds: 15_000 };

/**
 * Subscribes to `GET api/events`, relative to the page. An idle relay may send nothing, so after `silence` milliseconds
 * without an event the feed checks with `GET api/status` whether the relay still answers.
 */
export function openStatusFeed(silence = 10_000): StatusFeed {
  const status = signal<RelayStatus | null>(null);
  const connection = signal<Connection>('connecting');
  const heardAt = signal(Date.now());
  let source: EventSource | null = null;
  let attempt = 0;
  let retry: ReturnType<typeof setTimeout> | undefined;

  const receive = (text: string) => {
    const parsed = parseStatus(text);
    if (parsed === null) {
      connection.value = 'unreadable';
      return;
    }
    const next = withHistory(status.value, parsed);
    // A new stream begins with the whole.
    if (next === null) return openLater();
    status.value = next;
    heardAt.value = Date.now();
    attempt = 0;
    connection.value = 'live';
  };

  const openLater = () => {
    source?.close();
    connection.value = status.value === null ? 'connecting' : 'stale';
    clearTimeout(retry);
    retry = setTimeout(open, retryDelay(backoff, ++attempt, Math.random()));
  };

  const open = () => {
    source?.close();
    source = new EventSource('api/events');
    source.onmessage = (message) => receive(String(message.data));
    source.onerror = openLater;
  };

  const watch = setInterval(async () => {
    if (connection.value !== 'live' || Date.now() - heardAt.value < silence) return;
    try {
      const known = status.value?.history.at(-1)?.round ?? 0;
      const response = await fetch(`api/status?after=${known}`, { signal: AbortSignal.timeout(silence) });
      if (!response.ok) throw new Error(response.statusText);
      receive(await response.text());
    } catch {
      connection.value = 'stale';
      open();
    }
  }, silence);

  open();
  return {
    status,
    connection,
    heardAt,
    close() {
      clearInterval(watch);
      clearTimeout(retry);
      source?.close();
    },
  };
}
