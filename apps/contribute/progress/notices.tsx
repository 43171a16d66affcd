import { formatDuration } from '../../ui/format.ts';
import { messages } from '../../ui/messages.ts';
import type { Controller } from '../controller.ts';
import type { Notice } from './notice-list.ts';
import { allowedMilliseconds, roundMilliseconds } from './round-time.ts';

const words = messages.contribute;

/** The reason why rounds come too late, where both times are measured: what the device needs, and what the run gives. */
function tooSlow(session: Controller, { kind }: Notice): string | null {
  const needs = roundMilliseconds(session.progress.value);
  const gives = allowedMilliseconds(session.feed.status.value);
  if (kind !== 'late' || needs === null || gives === null || needs <= gives) return null;
  return words.tooSlow(formatDuration(needs), formatDuration(gives));
}

/** Problems from which the node recovered by itself, newest last. Each leaves when its cause has ended. */
export function Notices({ session }: { session: Controller }) {
  const { notices } = session.progress.value;
  return (
    <section class="notices" aria-label={words.notices} aria-live="polite">
      {notices.map((notice) => {
        const { kind, tone, text, times } = notice;
        const slow = tooSlow(session, notice);
        const next = slow === null ? notice.next : words.tooSlowNext;
        return (
          <div key={kind} class="notice" data-tone={tone}>
            <p>
              {text} {slow} {times > 1 && <span class="muted">{words.times(times)}</span>}
            </p>
            {next !== null && (
              <p class="muted">
                {words.next} {next}
              </p>
            )}
          </div>
        );
      })}
    </section>
  );
}
