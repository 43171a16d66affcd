import { mean } from '../../client/mean.ts';
import type { RelayStatus } from '../../relay/wire/status.ts';
import { messages } from './messages.ts';
import { dyes } from './weave.ts';

/** One line of a chart. It differs from other lines in colour, dash pattern and marker. */
export interface Series {
  readonly label: string;
  /** Name of a custom property in base.css. */
  readonly colour: string;
  readonly dash: readonly number[];
  readonly marker: 'circle' | 'square' | 'diamond' | 'triangle' | 'none';
  readonly values: readonly (number | null)[];
}

export interface Chart {
  readonly x: readonly number[];
  readonly series: readonly Series[];
}

const dashes: readonly (readonly number[])[] = [[], [8, 4], [2, 4], [10, 4, 2, 4]];
const markers = ['circle', 'square', 'diamond', 'triangle'] as const;

/** The style of the line of the corpus with this index. Colours repeat after eight; pairs of dash and marker after sixteen. */
export function corpusLine(index: number): Pick<Series, 'colour' | 'dash' | 'marker'> {
  return {
    colour: `--dye-${index % dyes}`,
    dash: dashes[Math.floor(index / markers.length) % dashes.length] ?? [],
    marker: markers[index % markers.length] ?? 'circle',
  };
}

/** The loss over committed rounds: the training loss of all nodes, and each corpus's held-out loss of the round's base. */
export function lossOfRun(status: RelayStatus): Chart {
  const { history, run } = status;
  const heldOut = run.corpora.map((corpus, index) => ({
    ...corpusLine(index),
    label: corpus,
    values: history.map((row) => row.heldOutLoss[index] ?? null),
  }));
  return {
    x: history.map((row) => row.round),
    series: [
      {
        label: messages.loss.training,
        colour: '--ink',
        dash: [],
        marker: 'none' as const,
        values: history.map((row) => row.trainingLoss),
      },
      {
        label: messages.loss.probe,
        colour: '--ink',
        dash: [2, 4],
        marker: 'diamond' as const,
        values: history.map((row) => row.probeLoss),
      },
      ...heldOut,
    ].filter((line) => line.values.some((value) => value !== null)),
  };
}

/** The share of its height that a chart leaves above the highest value that sets its scale. */
const headroom = 0.5;

/**
 * The lowest and highest loss that a chart shows. At each x the lower median of all lines counts, so one line with false
 * values cannot press the others flat; what is above the range is cut off.
 */
export function lossRange({ x, series }: Chart): readonly [number, number] {
  const columns = x.map((_, at) => series.flatMap(({ values }) => values[at] ?? []).sort((a, b) => a - b));
  const medians = columns.flatMap((column) => column[Math.floor((column.length - 1) / 2)] ?? []);
  const lowest = Math.min(...columns.flatMap((column) => column[0] ?? []));
  const highest = Math.max(...columns.flatMap((column) => column.at(-1) ?? []));
  const high = Math.min(highest, Math.max(...medians) * (1 + headroom));
  if (!Number.isFinite(lowest) || !Number.isFinite(high)) return [0, 1];
  return high > lowest ? [lowest, high] : [lowest, lowest + 1];
}

/**
 * The mean held-out losses of the first and of the last round, over the corpora that nodes reported in both, so that the two
 * compare; NaN if there is none.
 */
export function heldOutMeans(history: RelayStatus['history']): readonly [first: number, last: number] {
  const [first, last] = [history[0]?.heldOutLoss ?? [], history.at(-1)?.heldOutLoss ?? []];
  const pairs = first.flatMap((before, corpus) => {
    const after = last[corpus] ?? null;
    return before === null || after === null ? [] : [{ before, after }];
  });
  return [mean(pairs.map(({ before }) => before)), mean(pairs.map(({ after }) => after))];
}
