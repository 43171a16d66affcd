import { type ReadonlySignal, signal } from '@preact/signals';
import * as v from 'valibot';
import { type RelayStatus, relayStatusSchema } from '../../relay/wire/status.ts';

export type Connection = 'connecting' | 'live' | 'stale' | 'unreadable';

export interface StatusFeed {
  readonly status: ReadonlySignal<RelayStatus | null>;
  readonly connection: ReadonlySignal<Connection>;
  /** When the relay was last heard, on the page's clock. */
  readonly heardAt: ReadonlySignal<number>;
  close(): void;
}

/** Parses one status; null where it is not one. */
export function parseStatus(text: string): RelayStatus | null {
  try {
    const parsed = v.safeParse(relayStatusSchema, JSON.parse(text));
    return parsed.success ? parsed.output : null;
  } catch {
    return null;
  }
}

/** Growing and jittered, so that a room full of pages does not return to a restarted relay all at once. */
export function retryDelay(attempt: number, random: number): number {
  return Math.min(15_000, 500 * 2 ** attempt) * (0.5 + random / 2);
}

/** Follows `GET /api/events`. An idle relay may be silent, so silence is checked with `GET /api/status`. */
export function openStatusFeed(silence = 10_000): StatusFeed {
  const status = signal<RelayStatus | null>(null);
  const connection = signal<Connection>('connecting');
  const heardAt = signal(Date.now());
  let source: EventSource | null = null;
  let attempt = 0;
  let retry: ReturnType<typeof setTimeout> | undefined;

  const receive = (text: string) => {
    const next = parseStatus(text);
    if (next !== null) {
      status.value = next;
      heardAt.value = Date.now();
      attempt = 0;
    }
    connection.value = next === null ? 'unreadable' : 'live';
  };

  const open = () => {
    source?.close();
    source = new EventSource('/api/events');
    source.onmessage = (message) => receive(String(message.data));
    source.onerror = () => {
      source?.close();
      connection.value = status.value === null ? 'connecting' : 'stale';
      clearTimeout(retry);
      retry = setTimeout(open, retryDelay(attempt++, Math.random()));
    };
  };

  const watch = setInterval(async () => {
    if (connection.value !== 'live' || Date.now() - heardAt.value < silence) return;
    try {
      const response = await fetch('/api/status', { signal: AbortSignal.timeout(silence) });
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
