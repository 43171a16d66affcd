import type { RelayStatus } from '../../../relay/wire/status.ts';
import { messages } from '../../ui/messages.ts';
import './presenter.css';
import type { PresenterSession } from './presenter-session.ts';

const words = messages.presenter;

interface Props {
  readonly session: PresenterSession;
  readonly round: RelayStatus['round'];
}

/** The commands that make sense in this state of the round. A complete run has none. */
export function commandsFor({
  phase,
  hold,
}: RelayStatus['round']): readonly ('start' | 'pause' | 'extend' | 'end')[] {
  if (phase === 'complete') return [];
  const isOpen = phase === 'training' || phase === 'grace';
  return [hold === null ? 'pause' : 'start', ...(isOpen ? (['extend'] as const) : []), 'end'];
}

/** What whoever holds the presenter's secret can do to the run. */
export function Controls({ session, round }: Props) {
  const commands = commandsFor(round);
  if (commands.length === 0) return null;
  const last = session.last.value;
  return (
    <section class="presenter" aria-labelledby="presenter-heading">
      <h2 id="presenter-heading">{words.title}</h2>
      {commands.map((action) => (
        <button
          key={action}
          type="button"
          class={action === 'start' ? 'button primary' : 'button'}
          disabled={session.busy.value}
          onClick={() => {
            if (action === 'end') session.asked.value = { action };
            else void session.act({ action });
          }}
        >
          {action === 'start' && round.hold === 'paused' ? words.resume : words[action]}
        </button>
      ))}
      <p class="muted" role="status">
        {last !== null && words.outcomes[last.outcome]}
      </p>
    </section>
  );
}
