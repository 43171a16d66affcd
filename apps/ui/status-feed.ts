import { type ReadonlySignal, signal } from '@preact/signals';
import * as v from 'valibot';
import { retryDelay } from '../../client/retry-delay.ts';
import {
  type RelayStatus,
  type StatusChange,
  type StatusSnapshot,
  statusChangeSchema,
  statusHistorySchema,
  statusSnapshotSchema,
} from '../../relay/wire/status.ts';
import { applied } from './status-change.ts';

export type Connection = 'connecting' | 'live' | 'stale' | 'unreadable';

export interface StatusFeed {
  readonly status: ReadonlySignal<RelayStatus | null>;
  readonly connection: ReadonlySignal<Connection>;
  /** Time of the last status from the relay, in milliseconds since 1970 on the page's clock. */
  readonly heardAt: ReadonlySignal<number>;
  /** Bytes of the text of all events of the stream so far. */
  readonly streamed: ReadonlySignal<number>;
  close(): void;
}

/** Parses what the relay said; null if the text does not have this shape. */
export function parsed<const Schema extends v.GenericSchema>(
  schema: Schema,
  text: string,
): v.InferOutput<Schema> | null {
  try {
    const result = v.safeParse(schema, JSON.parse(text), { abortEarly: true });
    return result.success ? result.output : null;
  } catch {
    return null;
  }
}

/** Delays before the feed connects again. */
const backoff = { firstMilliseconds: 500, lastMilliseconds: 15_000 };

class Unreadable extends Error {}

/**
 * Follows the relay's status, by addresses relative to the page: the stream of changes `api/events`, a snapshot `api/status`
 * at the begin of each stream and after a change that was missed, and `api/history` for rounds that are new. An idle relay
 * may send nothing, so after `silence` milliseconds without a change the feed asks for a snapshot.
 */
export function openStatusFeed(silence = 10_000): StatusFeed {
  const status = signal<RelayStatus | null>(null);
  const connection = signal<Connection>('connecting');
  const heardAt = signal(Date.now());
  const streamed = signal(0);
  const encoder = new TextEncoder();
  let source: EventSource | null = null;
  let attempt = 0;
  let retry: ReturnType<typeof setTimeout> | undefined;
  /** Ends the requests of an earlier stream. */
  let requests = new AbortController();
  /** Null while a new one is needed. */
  let snapshot: StatusSnapshot | null = null;
  let waiting: StatusChange[] = [];
  let isFollowing = false;

  const ask = async <const Schema extends v.GenericSchema>(path: string, schema: Schema) => {
    const signal = AbortSignal.any([requests.signal, AbortSignal.timeout(silence)]);
    const response = await fetch(path, { signal });
    if (!response.ok) throw new Error(response.statusText);
    const answer = parsed(schema, await response.text());
    if (answer === null) throw new Unreadable();
    return answer;
  };

  /** Shows the status of `latest` with its history, of which only the missing rounds are asked for. */
  const show = async ({ sequence: _, ...facts }: StatusSnapshot) => {
    const shown = status.value?.run.id === facts.run.id ? status.value.history : [];
    const last = shown.at(-1)?.round ?? 0;
    const known = last > facts.base.round ? [] : shown;
    const after = known.at(-1)?.round ?? 0;
    const { history } =
      after === facts.base.round
        ? { history: [] }
        : await ask(`api/history?after=${after}`, statusHistorySchema);
    const isNew = history.length > 0 || known !== shown;
    status.value = { ...facts, history: isNew ? [...known, ...history] : known };
    heardAt.value = Date.now();
    attempt = 0;
    connection.value = 'live';
  };

  /** Follows the changes that wait, one after another. */
  const follow = async () => {
    if (isFollowing) return;
    isFollowing = true;
    const { signal } = requests;
    try {
      do {
        snapshot ??= await ask('api/status', statusSnapshotSchema);
        for (const change of waiting.splice(0)) {
          if (snapshot !== null && change.sequence > snapshot.sequence) snapshot = applied(snapshot, change);
        }
        if (snapshot !== null) await show(snapshot);
      } while (waiting.length > 0 || snapshot === null);
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof Unreadable)) return openLater();
      connection.value = 'unreadable';
      snapshot = null;
    } finally {
      if (requests.signal === signal) isFollowing = false;
    }
  };

  const receive = (text: string) => {
    streamed.value += encoder.encode(text).length;
    const change = parsed(statusChangeSchema, text);
    if (change === null) {
      connection.value = 'unreadable';
      return;
    }
    waiting.push(change);
    void follow();
  };

  const end = () => {
    source?.close();
    requests.abort();
    clearTimeout(retry);
  };

  const openLater = () => {
    end();
    connection.value = status.value === null ? 'connecting' : 'stale';
    retry = setTimeout(open, retryDelay(backoff, ++attempt, Math.random()));
  };

  const open = () => {
    end();
    requests = new AbortController();
    [snapshot, waiting, isFollowing] = [null, [], false];
    source = new EventSource('api/events');
    source.onmessage = (message) => receive(String(message.data));
    source.onerror = openLater;
  };

  const watch = setInterval(() => {
    if (connection.value !== 'live' || Date.now() - heardAt.value < silence) return;
    snapshot = null;
    void follow();
  }, silence);

  open();
  return {
    status,
    connection,
    heardAt,
    streamed,
    close() {
      clearInterval(watch);
      end();
    },
  };
}
