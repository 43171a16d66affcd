import { type RelayStatus, statesOf } from '../../relay/wire/status.ts';
import { useNow } from '../ui/clock.ts';
import { formatDuration } from '../ui/format.ts';
import { messages } from '../ui/messages.ts';
import './evaluators.css';

const words = messages.evaluators;
const tones = { unheard: 'idle', here: 'good', scored: 'good', silent: 'warn' } as const;

/** So many have room without scrolling. */
const shownEvaluators = 3;

/** Who scores the contributions, who of them is here, and how far the scores of the round that closed last are. */
export function Evaluators({ status: { run, evaluation } }: { readonly status: RelayStatus }) {
  const now = useNow();
  if (run.evaluators === undefined || evaluation === undefined) return null;
  const { ids, quorum } = run.evaluators;
  const { round, scores, deadlineAt } = evaluation;
  const states = statesOf(evaluation.states);
  return (
    <section class="panel evaluators" aria-labelledby="evaluators-heading">
      <header>
        <h2 id="evaluators-heading">
          {words.heading} <small>{ids.length}</small>
        </h2>
        <p>{round === null ? words.none : words.scores(round, scores, ids.length)}</p>
        {deadlineAt !== null && (
          <p role="timer" aria-live="off">
            {words.waits(formatDuration(deadlineAt - now))}
          </p>
        )}
      </header>
      {/* A list that is longer than its place scrolls, also by keys. */}
      <section
        class="evaluator-list"
        aria-label={words.heading}
        {...(ids.length > shownEvaluators ? { tabindex: 0 } : {})}
      >
        <ul>
          {ids.map((id, index) => {
            const state = states[index] ?? 'unheard';
            return (
              <li key={id}>
                <code>{id.slice(0, 6)}</code>
                <span class="chip" data-tone={tones[state]}>
                  {words.states[state]}
                </span>
              </li>
            );
          })}
        </ul>
      </section>
      <p class="muted">{words.purpose(quorum)}</p>
    </section>
  );
}
