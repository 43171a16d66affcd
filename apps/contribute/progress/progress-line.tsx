import { useNow } from '../../ui/clock.ts';
import { formatClock } from '../../ui/format.ts';
import { ProblemMessage, ProblemNext } from '../../ui/language/problem-text.tsx';
import { messages } from '../../ui/messages.ts';
import { Reason } from '../away/reason.tsx';
import { type LaunchStep, launchSteps, type State } from '../contribute-view.ts';
import type { Controller } from '../controller.ts';
import './progress-line.css';
import { endsOf } from './round-time.ts';

const words = messages.contribute;

const tones: Readonly<Record<State, 'idle' | 'good' | 'warn' | 'bad'>> = {
  checking: 'idle',
  ready: 'idle',
  starting: 'idle',
  joining: 'idle',
  compiling: 'idle',
  syncing: 'idle',
  training: 'good',
  sending: 'good',
  waiting: 'idle',
  retrying: 'warn',
  paused: 'warn',
  following: 'warn',
  finishing: 'good',
  finished: 'good',
  complete: 'good',
  failed: 'bad',
  over: 'good',
  unsupported: 'bad',
};

/** The four steps of the start: those done, the one in progress, and those to come. */
function LaunchSteps({ current }: { current: LaunchStep }) {
  const at = launchSteps.indexOf(current);
  return (
    <ol class="launch" aria-label={words.launch.label}>
      {launchSteps.map((step, index) => (
        <li key={step} data-done={index < at} {...(index === at ? { 'aria-current': 'step' as const } : {})}>
          <span aria-hidden="true">{index < at ? '✓' : index + 1}</span> {words.launch[step]}
          {index < at && <span class="visually-hidden"> {words.launch.done}</span>}
        </li>
      ))}
    </ol>
  );
}

/** When this round and the run end, by the clock. */
function Ends({ session }: { session: Controller }) {
  const now = useNow(1000);
  const progress = session.progress.value;
  const { round, run, isCutOff } = endsOf(progress, session.feed.status.value, now);
  if (round === null || run === null) return null;
  const at = formatClock(round, now);
  const isLast = progress.round >= progress.rounds;
  return (
    <p class="ends">
      {isCutOff ? words.roundCutOff(at) : words.roundEnds(at)}
      {!isLast && ` ${words.runEnds(formatClock(run, now))}`}
    </p>
  );
}

/** What the node waits for, where the presenter lets no round open. */
function Hold({ session }: { session: Controller }) {
  const status = session.feed.status.value;
  if (status === null || status.round.phase !== 'waiting' || status.round.hold === null) return null;
  const here = status.nodes.length;
  const lobby = session.busy.value ? words.lobby : words.lobbyJoin;
  return <p class="ends">{status.round.hold === 'lobby' ? lobby(here) : words.held}</p>;
}

/** The lost connection: a countdown to the next attempt, and a button for people who do not wait. */
function Retry({ session, at }: { session: Controller; at: number }) {
  const now = useNow(250);
  const { retry } = session.progress.value;
  if (retry === null) return null;
  return (
    <div class="retry">
      <p>
        <ProblemMessage problem={retry} />{' '}
        <span class="muted">
          <ProblemNext problem={retry} />
        </span>
      </p>
      <p>
        {words.retrying(retry.attempt, Math.max(0, Math.ceil((at - now) / 1000)))}{' '}
        <button type="button" class="button small" onClick={session.retryNow}>
          {words.retryNow}
        </button>
      </p>
    </div>
  );
}

/** The node's state in one word, and below it what is measured: the start's steps, the round's progress, or the retry. */
export function ProgressLine({ session }: { session: Controller }) {
  const progress = session.progress.value;
  const state = session.state.value;
  const busy = session.busy.value;
  const { launch, rounds, round, step, steps } = progress;
  return (
    <div class="state">
      <p class="chip" data-tone={tones[state]} role="status" id="state">
        {words.state[state]}
      </p>
      {busy && launch !== null && <LaunchSteps current={launch} />}
      {busy && launch === null && rounds > 0 && (
        <>
          <p class="muted">{words.progress(round, rounds, step, steps)}</p>
          <progress max={Math.max(1, steps)} value={step} aria-labelledby="state" />
        </>
      )}
      {busy && <Ends session={session} />}
      <Hold session={session} />
      <Reason away={session.away} />
      {session.retryAt.value !== null && <Retry session={session} at={session.retryAt.value} />}
    </div>
  );
}
