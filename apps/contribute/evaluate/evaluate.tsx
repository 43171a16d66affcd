import { messages } from '../../ui/messages.ts';
import type { Controller } from '../controller.ts';
import { ProblemNotice } from '../problem-notice.tsx';
import './evaluate.css';
import type { EvaluateSession } from './evaluate-session.ts';

const words = messages.evaluators;

/** What the evaluation does, in words; null before its start. */
function lineOf({ stage, event }: EvaluateSession): string | null {
  switch (stage.value) {
    case 'rest':
    case 'failed':
      return null;
    case 'opening':
      return words.opening;
    case 'complete':
      return words.done;
    case 'stopped':
      return words.stopped;
    case 'running': {
      const said = event.value;
      if (said?.event === 'evaluated') return words.answers[said.answer](said.round);
      if (said?.event === 'committed')
        return said.counted ? words.counted(said.round) : words.uncounted(said.round);
      return said?.event === 'waiting' ? words.waiting : words.following;
    }
  }
}

/**
 * Another way to give GPU time, for a browser whose key the manifest names: to score what the others contribute. With `#evaluate` in its
 * address the page shows the key, which whoever starts the run must have before.
 */
export function Evaluate({ session }: { session: Controller }) {
  const { evaluating, busy, probe, feed } = session;
  const gpu = probe.value?.gpu;
  const isAble = gpu !== undefined && !('obstacle' in gpu);
  const isOver = feed.status.value?.round.phase === 'complete';
  const isShown = evaluating.isGranted.value && isAble && (!isOver || evaluating.stage.value !== 'rest');
  if (!isShown && (evaluating.isGranted.value || !evaluating.isInvited)) return null;
  if (!isShown)
    return (
      <section class="panel evaluate" aria-labelledby="evaluate-heading">
        <h2 id="evaluate-heading">{words.keyHeading}</h2>
        <ProblemNotice problem={evaluating.problem.value} />
        {evaluating.key.value !== null && (
          <>
            <p>{words.keyFor}</p>
            <code class="key">{evaluating.key.value}</code>
          </>
        )}
      </section>
    );
  const isActive = evaluating.active.value;
  return (
    <section class="panel evaluate" aria-labelledby="evaluate-heading">
      <h2 id="evaluate-heading">{words.evaluate}</h2>
      <p>{words.granted}</p>
      <p class="help">{words.downloads}</p>
      <ProblemNotice problem={evaluating.problem.value} />
      <p role="status">{lineOf(evaluating)}</p>
      {(isActive || !isOver) && (
        <div class="buttons">
          <button
            type="button"
            class="button"
            disabled={busy.value}
            onClick={() => (isActive ? evaluating.stop() : evaluating.start())}
          >
            {isActive ? words.stop : words.evaluate}
          </button>
        </div>
      )}
    </section>
  );
}
