import { messages } from './messages.ts';
import type { Connection } from './status-feed.ts';

const tones = { connecting: 'idle', live: 'good', stale: 'warn', unreadable: 'bad' } as const;

/** Shows whether the page is up to date with the relay. */
export function ConnectionChip({ connection }: { connection: Connection }) {
  const words = connection === 'unreadable' ? messages.connection.stale : messages.connection[connection];
  return (
    <span class="chip" data-tone={tones[connection]} role="status">
      {words}
    </span>
  );
}
