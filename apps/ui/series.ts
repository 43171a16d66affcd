import type { RelayStatus } from '../../relay/wire/status.ts';
import { messages } from './messages.ts';
import { dyes } from './weave.ts';

/** One line of a chart. Colour never stands alone: each has a dash pattern and a marker too. */
export interface Series {
  readonly label: string;
  /** A custom property of base.css. */
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

/** How the line of the `index`th nation looks. Colours repeat after eight, dashes and markers at another pace. */
export function nationLine(index: number): Pick<Series, 'colour' | 'dash' | 'marker'> {
  return {
    colour: `--dye-${index % dyes}`,
    dash: dashes[Math.floor(index / markers.length) % dashes.length] ?? [],
    marker: markers[index % markers.length] ?? 'circle',
  };
}

/** Loss over committed rounds: training over all nodes, and the opening base's held-out loss for each nation. */
export function lossOfRun(status: RelayStatus): Chart {
  const { history, run } = status;
  const heldOut = run.nations.map((nation, index) => ({
    ...nationLine(index),
    label: nation,
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
      ...heldOut.filter((line) => line.values.some((value) => value !== null)),
    ],
  };
}

/** Mean of the held-out losses that are known; null when none is. */
export function meanHeldOut(row: RelayStatus['history'][number] | undefined): number | null {
  const known = row?.heldOutLoss.filter((value) => value !== null) ?? [];
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length;
}
