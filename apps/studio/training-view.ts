import type { Measurement } from '../../client/derive/build/measurement.ts';
import { messages } from '../ui/messages.ts';
import type { Problem } from '../ui/problem.ts';
import type { Chart } from '../ui/series.ts';
import type { StudioEvent } from './worker/worker-api.ts';

export type TrainingState = Exclude<keyof typeof messages.studio.training.state, 'missing'>;

/** Everything that the page shows about a build. */
export interface TrainingView {
  readonly state: TrainingState;
  /** The stage that trains, or the last one. */
  readonly stage: number;
  readonly kind: string;
  readonly step: number;
  readonly steps: number;
  readonly tokensPerSecond: number;
  readonly secondsLeft: number;
  readonly measurements: readonly Measurement[];
  /** Training losses of the stage by their steps. */
  readonly losses: readonly { readonly step: number; readonly loss: number }[];
  readonly notes: readonly string[];
  readonly failure: Problem | null;
  /** The model that was built; null before the end. */
  readonly built: string | null;
}

export const atRest: TrainingView = {
  state: 'idle',
  stage: 0,
  kind: '',
  step: 0,
  steps: 0,
  tokensPerSecond: 0,
  secondsLeft: 0,
  measurements: [],
  losses: [],
  notes: [],
  failure: null,
  built: null,
};

export const begun: TrainingView = { ...atRest, state: 'preparing' };

export function isBusy({ state }: TrainingView): boolean {
  return state === 'preparing' || state === 'training' || state === 'stopping';
}

/** The chart's training losses, at most. */
const keptLosses = 400;

/** The view after one event of the worker. */
export function reduceTraining(view: TrainingView, event: StudioEvent): TrainingView {
  const words = messages.studio.training;
  switch (event.event) {
    case 'earlier':
      return { ...view, measurements: event.measurements };
    case 'stage':
      return {
        ...view,
        state: view.state === 'stopping' ? 'stopping' : 'training',
        stage: event.stage,
        kind: event.kind,
        step: 0,
        steps: event.steps,
        losses: [],
      };
    case 'progress': {
      const { step, steps, loss, tokensPerSecond, secondsLeft } = event;
      const losses = [...view.losses.filter((point) => point.step < step), { step, loss }];
      return { ...view, step, steps, tokensPerSecond, secondsLeft, losses: thinned(losses) };
    }
    case 'measurement': {
      const { event: _, best: _best, ...measurement } = event;
      return { ...view, measurements: [...view.measurements, measurement] };
    }
    case 'device-lost':
      return { ...view, notes: [...view.notes, words.deviceLost(String(event.step))] };
    case 'stopped-early':
      return { ...view, notes: [...view.notes, words.early(String(event.step))] };
    case 'built':
      return { ...view, state: 'finished', built: event.model };
    case 'stopped':
      return { ...view, state: 'stopped' };
    case 'failed': {
      const { code, message, next } = event;
      return { ...view, state: 'failed', failure: { code, message, next } };
    }
    default:
      return view;
  }
}

/** Every second point, once there are too many; the last stays. */
function thinned<Point>(points: readonly Point[]): readonly Point[] {
  if (points.length <= keptLosses) return points;
  return points.filter((_, at) => at % 2 === (points.length - 1) % 2);
}

/** The losses of the view's stage over its steps. */
export function chartOf({ stage, measurements, losses }: TrainingView): Chart {
  const words = messages.studio.training;
  const own = measurements.filter((measurement) => measurement.stage === stage);
  const steps = [...new Set([...losses, ...own].map(({ step }) => step))].sort((a, b) => a - b);
  const measured = new Map(own.map(({ step, values }) => [step, values]));
  const trained = new Map(losses.map(({ step, loss }) => [step, loss]));
  const line = (label: string, colour: string, values: readonly (number | null)[]) => ({
    label,
    colour,
    values,
  });
  return {
    x: steps,
    series: [
      {
        ...line(
          words.chartTraining,
          '--accent',
          steps.map((step) => trained.get(step) ?? measured.get(step)?.training_loss ?? null),
        ),
        ...{ dash: [], marker: 'none' as const },
      },
      {
        ...line(
          words.chartHeldOut,
          '--dye-1',
          steps.map((step) => measured.get(step)?.loss ?? null),
        ),
        ...{ dash: [8, 4], marker: 'diamond' as const },
      },
      {
        ...line(
          words.chartBase,
          '--dye-3',
          steps.map((step) => measured.get(step)?.base_loss ?? null),
        ),
        ...{ dash: [2, 4], marker: 'square' as const },
      },
    ].filter(({ values }) => values.some((value) => value !== null)),
  };
}

export interface FigureView {
  readonly label: string;
  readonly before: number;
  readonly after: number;
}

/** What the view's stage measured first and last. */
export function figuresOf({ stage, measurements }: TrainingView): FigureView[] {
  const words = messages.studio.training;
  const own = measurements.filter((measurement) => measurement.stage === stage);
  const [first, last] = [own.at(0)?.values, own.at(-1)?.values];
  const names = [
    ['loss', words.loss],
    ['base_loss', words.baseLoss],
    ['accuracy', words.accuracy],
    ['reward', words.reward],
  ] as const;
  return names.flatMap(([name, label]) => {
    const [before, after] = [first?.[name], last?.[name]];
    return before === undefined || after === undefined ? [] : [{ label, before, after }];
  });
}
