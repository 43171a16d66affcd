import { messages } from '../ui/messages.ts';
import type { Controller } from './controller.ts';

const words = messages.contribute;

/** Problems from which the node recovered by itself, newest last. */
export function Notices({ session }: { session: Controller }) {
  const { notices } = session.progress.value;
  return (
    <section class="notices" aria-label={words.notices} aria-live="polite">
      {notices.map(({ key, tone, text, next }) => (
        <div key={key} class="notice" data-tone={tone}>
          <p>{text}</p>
          {next !== null && (
            <p class="muted">
              {words.next} {next}
            </p>
          )}
        </div>
      ))}
    </section>
  );
}
