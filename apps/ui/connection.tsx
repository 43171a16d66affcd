import { messages } from './messages.ts';
import type { Connection } from './status-feed.ts';

const tones = { connecting: 'idle', live: 'good', stale: 'warn', unreadable: 'bad' } as const;

/** Whether the page shows the relay as it is now. */
export function ConnectionChip({ connection }: { connection: Connection }) {
  const words = connection === 'unreadable' ? messages.connection.stale : messages.connection[connection];
  return (
    <span class="chip" data-tone={tones[connection]} role="status">
      {words}
    </span>
  );
}
