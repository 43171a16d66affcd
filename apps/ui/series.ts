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
