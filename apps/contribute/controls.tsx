import { messages } from '../ui/messages.ts';
import type { Controller } from './controller.ts';
import { Fork } from './fork.tsx';
import { ProblemNotice } from './problem-notice.tsx';
import { isAddress } from './text/own-text.ts';

const words = messages.contribute;

/** The reason why training cannot start yet, as text to show; null if it can. */
function missing(session: Controller): string | null {
  const { choice, probe } = session;
  if (probe.value === null) return words.probing;
  if (choice.source.value === 'files') {
    if (isAddress(choice.pasted.value)) return words.notAddresses;
    if (choice.ownText.value.length === 0) return words.filesNeeded;
  }
  if (probe.value.tokenNeeded === true && choice.token.value.trim() === '') return words.tokenNeeded;
  return null;
}

/** The problem that ended the node. */
export function Failed({ session }: { session: Controller }) {
  const { failure } = session.progress.value;
  return failure !== null && failure.evidence.length > 0 ? (
    <Fork failure={failure} />
  ) : (
    <ProblemNotice problem={failure} />
  );
}

/**
 * The problem, if one ended the node, and the buttons. The first button starts, pauses and resumes, so that it keeps the
 * focus throughout a session. On a phone the buttons stay at the screen's lower edge.
 */
export function Controls({ session }: { session: Controller }) {
  const { paused, finishing, ending, failure } = session.progress.value;
  const isForked = failure !== null && failure.evidence.length > 0;
  const busy = session.busy.value;
  const why = busy ? null : missing(session);
  const toggle = paused ? session.away.resume : session.away.pause;
  const startWord = ending === null ? words.start : words.again;
  return (
    <>
      <Failed session={session} />
      <div class="buttons actions">
        <button
          type="button"
          class={isForked ? 'button' : 'button primary'}
          disabled={why !== null || finishing}
          onClick={busy ? toggle : session.start}
        >
          {busy ? (paused ? words.resume : words.pause) : startWord}
        </button>
        {busy && (
          <button
            type="button"
            class="button"
            disabled={finishing}
            onClick={session.finish}
            aria-describedby="finish-help"
          >
            {words.finish}
          </button>
        )}
        {why !== null && <p class="help">{why}</p>}
      </div>
      {busy && (
        <p class="help" id="finish-help">
          {words.finishHelp}
        </p>
      )}
    </>
  );
}
