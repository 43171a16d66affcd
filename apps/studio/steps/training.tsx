import { useMemo } from 'preact/hooks';
import { formatCount, formatDuration, formatLoss } from '../../ui/format.ts';
import { LossChart } from '../../ui/loss-chart.tsx';
import { messages } from '../../ui/messages.ts';
import { ProblemText } from '../problems.tsx';
import type { Session } from '../session.ts';
import { chartOf, figuresOf, type TrainingState, type TrainingView } from '../training-view.ts';
import { Step } from './step.tsx';

const words = messages.studio.training;

const tones: Readonly<Record<TrainingState, 'idle' | 'good' | 'warn' | 'bad'>> = {
  idle: 'idle',
  preparing: 'idle',
  training: 'good',
  stopping: 'warn',
  stopped: 'warn',
  finished: 'good',
  failed: 'bad',
};

function Figures({ view }: { view: TrainingView }) {
  const figures = figuresOf(view);
  if (figures.length === 0) return null;
  return (
    <table class="figures">
      <caption class="help">{words.figures}</caption>
      <thead>
        <tr>
          <td />
          <th scope="col">{words.before}</th>
          <th scope="col">{words.after}</th>
        </tr>
      </thead>
      <tbody>
        {figures.map(({ label, before, after }) => (
          <tr key={label}>
            <th scope="row">{label}</th>
            <td>{formatLoss(before)}</td>
            <td>{formatLoss(after)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Progress({ view }: { view: TrainingView }) {
  if (view.steps === 0) return null;
  const { kind, step, steps, tokensPerSecond, secondsLeft } = view;
  return (
    <>
      <p class="muted">{words.progress(kind, formatCount(step), formatCount(steps))}</p>
      <progress max={steps} value={step} aria-labelledby="training-state" />
      {tokensPerSecond > 0 && view.state === 'training' && (
        <p class="help">{words.speed(formatCount(tokensPerSecond), formatDuration(1000 * secondsLeft))}</p>
      )}
    </>
  );
}

/** One button starts, stops and resumes, so that it keeps the focus. */
function Buttons({ session, isReady }: { session: Session; isReady: boolean }) {
  const unfinished = session.library.value?.unfinished ?? null;
  const busy = session.busy.value;
  const isStopping = session.training.value.state === 'stopping';
  return (
    <div class="buttons">
      <button
        type="button"
        class="button primary"
        disabled={busy ? isStopping : !isReady}
        onClick={() => {
          if (busy) session.stop();
          else void (unfinished === null ? session.build() : session.resume(unfinished));
        }}
      >
        {busy ? words.stop : unfinished === null ? words.start : words.resume}
      </button>
      {!busy && unfinished !== null && (
        <button type="button" class="button" onClick={() => session.discard(unfinished.id)}>
          {words.discard}
        </button>
      )}
    </div>
  );
}

/** Training by the recipe: progress, curves, stopping and resuming. */
export function Training({ session }: { session: Session }) {
  const view = session.training.value;
  const form = session.form.value;
  const models = session.library.value?.models ?? [];
  const unfinished = session.library.value?.unfinished ?? null;
  const isComplete =
    form !== null && form.datasets.length > 0 && models.some(({ name }) => name === form.base);
  const isReady = isComplete && session.recipeProblem.value === null && session.opened.value?.gpu !== null;
  const chart = useMemo(() => chartOf(view), [view]);
  const state = view.state === 'idle' && !isComplete ? 'missing' : view.state;
  return (
    <Step name="training" number={4} heading={words.heading}>
      <div class="run">
        <div class="controls">
          <p class="chip" data-tone={tones[view.state]} role="status" id="training-state">
            {words.state[state]}
          </p>
          {unfinished !== null && view.state === 'idle' && <p>{words.unfinished}</p>}
          <Progress view={view} />
          <Buttons session={session} isReady={isReady} />
          {view.built !== null && <p>{words.built(view.built)}</p>}
          {view.failure !== null && (
            <div class="notice" data-tone="bad" role="alert">
              <ProblemText problem={view.failure} />
            </div>
          )}
          {view.notes.map((note) => (
            <p key={note} class="help">
              {note}
            </p>
          ))}
          <Figures view={view} />
        </div>
        <LossChart chart={chart} xLabel={words.step} empty={words.empty} />
      </div>
    </Step>
  );
}
