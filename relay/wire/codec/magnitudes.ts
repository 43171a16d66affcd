import { greatestMagnitude, shiftFor } from './grid.ts';

/** Two levels of magnitude: with the signs, four numbers that follow from the values themselves. */
export interface Levels {
  /** Values of at least this magnitude take `high`, the others `low`. */
  readonly border: number;
  readonly low: number;
  readonly high: number;
}

/** The greatest magnitude on a grid, before its shift. */
export const greatestOnGrid = 255;

/** The magnitudes from `start` to before `end`, ascending. Throws WireError NOT_FINITE on NaN and infinities. */
export function ascendingMagnitudes(values: Float32Array, start: number, end: number): Float32Array {
  greatestMagnitude(values, start, end);
  const sorted = values.slice(start, end);
  for (let i = 0; i < sorted.length; i++) sorted[i] = Math.abs(sorted[i] ?? 0);
  return sorted.sort();
}

/**
 * The levels of magnitudes that are ascending, and not empty. They are divided in two at the border that leaves the least squared
 * error, which is the greatest sum of square / count over both parts; `low` and `high` are the means of both. If all magnitudes
 * are equal, `low` is `high`.
 */
export function levelsOf(magnitudes: Float32Array): Levels {
  const count = magnitudes.length;
  let total = 0;
  for (const magnitude of magnitudes) total += magnitude;
  let best = Number.NEGATIVE_INFINITY;
  let found = { border: Number.POSITIVE_INFINITY, low: total / count, high: total / count };
  let lower = 0;
  for (let i = 1; i < count; i++) {
    lower += magnitudes[i - 1] ?? 0;
    const border = magnitudes[i] ?? 0;
    if (border === magnitudes[i - 1]) continue;
    const [low, high] = [lower / i, (total - lower) / (count - i)];
    const gain = low * lower + high * (total - lower);
    if (gain <= best) continue;
    best = gain;
    found = { border, low, high };
  }
  return found;
}

/**
 * The shift and both magnitudes, from `least` to `greatestOnGrid`: on the finest grid that holds the higher one, which saturates
 * past the coarsest. So the higher one is at least 128 unless the shift is 0.
 */
export function onGrid(
  { low, high }: Omit<Levels, 'border'>,
  { unit, maxShift }: { readonly unit: number; readonly maxShift: number },
  least: number,
): readonly [shift: number, low: number, high: number] {
  const shift = shiftFor(high / unit, greatestOnGrid, maxShift);
  const step = unit * (1 << shift);
  const higher = Math.max(least, Math.min(greatestOnGrid, Math.round(high / step)));
  return [shift, Math.max(least, Math.min(higher, Math.round(low / step))), higher];
}
