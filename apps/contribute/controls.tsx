import { messages } from '../ui/messages.ts';
import type { State } from './contribute-view.ts';
import type { Controller } from './controller.ts';
import { Fork } from './fork.tsx';

const words = messages.contribute;

const tones: Readonly<Record<State, 'idle' | 'good' | 'warn' | 'bad'>> = {
  checking: 'idle',
  ready: 'idle',
  starting: 'idle',
  joining: 'idle',
  syncing: 'idle',
  training: 'good',
  sending: 'good',
  waiting: 'idle',
  retrying: 'warn',
  paused: 'warn',
  finishing: 'good',
  finished: 'good',
  complete: 'good',
  failed: 'bad',
  unsupported: 'bad',
};

/** The reason why training cannot start yet, as text to show; null if it can. */
function missing(session: Controller): string | null {
  const { choice, probe } = session;
  if (probe.value === null) return words.probing;
  if (choice.source.value === 'files' && choice.files.value.length === 0) return words.filesNeeded;
  if (probe.value.tokenNeeded === true && choice.token.value.trim() === '') return words.tokenNeeded;
  return null;
}

function StateLine({ session }: { session: Controller }) {
  const progress = session.progress.value;
  const state = session.state.value;
  return (
    <div class="state">
      <p class="chip" data-tone={tones[state]} role="status" id="state">
        {words.state[state]}
      </p>
      {session.busy.value && progress.rounds > 0 && (
        <>
          <p class="muted">
            {words.progress(progress.round, progress.rounds, progress.step, progress.steps)}
          </p>
          <progress max={Math.max(1, progress.steps)} value={progress.step} aria-labelledby="state" />
        </>
      )}
      {progress.retry !== null && (
        <p class="muted">
          {words.retrying(progress.retry.attempt, Math.ceil(progress.retry.milliseconds / 1000))}
        </p>
      )}
    </div>
  );
}

/** The first button starts, pauses and resumes, so that it keeps the focus throughout a session. */
function Buttons({ session }: { session: Controller }) {
  const { paused, finishing, ending, failure } = session.progress.value;
  const isForked = failure !== null && failure.evidence.length > 0;
  const busy = session.busy.value;
  const why = busy ? null : missing(session);
  const toggle = paused ? session.resume : session.pause;
  const startWord = ending === null ? words.start : words.again;
  return (
    <div class="buttons">
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
  );
}

function Power({ session }: { session: Controller }) {
  const percent = Math.round(session.choice.power.value * 100);
  return (
    <div class="field power">
      <label for="power">
        {words.power} <output for="power">{words.powerValue(percent)}</output>
      </label>
      <input
        id="power"
        type="range"
        min={10}
        max={100}
        step={10}
        value={percent}
        aria-valuetext={words.powerValue(percent)}
        aria-describedby="power-help"
        onInput={(event) => session.setPower(Number(event.currentTarget.value) / 100)}
      />
      <p class="help" id="power-help">
        {words.powerHelp}
      </p>
    </div>
  );
}

/** The panel with state, start, pause, finish and power. */
export function Controls({ session }: { session: Controller }) {
  const failure = session.progress.value.failure;
  return (
    <section class="panel controls" aria-labelledby="state">
      <StateLine session={session} />
      {failure !== null && failure.evidence.length === 0 && (
        <div class="notice" data-tone="bad" role="alert">
          <p>
            {failure.message} <code class="muted">{failure.code}</code>
          </p>
          <p>
            <strong>{words.next}</strong> {failure.next}
          </p>
        </div>
      )}
      {failure !== null && failure.evidence.length > 0 && <Fork failure={failure} />}
      <Buttons session={session} />
      <Power session={session} />
      {session.busy.value && (
        <p class="help" id="finish-help">
          {words.finishHelp}
        </p>
      )}
    </section>
  );
}
