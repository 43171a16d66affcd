import { greatestMagnitude } from './grid.ts';

/** What is chosen of a chunk of values. */
export interface Chunk {
  /** Ascending. */
  readonly indices: Uint32Array;
  /** Chosen values of at least this magnitude take `high`, the others `low`. */
  readonly border: number;
  readonly low: number;
  readonly high: number;
}

/**
 * Chooses the `count` values of greatest magnitude among those from `start` to before `end`; of equal ones the earlier. Their
 * magnitudes are divided in two at the border that leaves the least squared error, and `low` and `high` are the means of both
 * parts: with the signs, four levels that follow from the chunk's own values. If all are equal, `low` is `high`.
 *
 * Throws WireError NOT_FINITE on NaN and infinities.
 */
export function chosenOf(values: Float32Array, start: number, end: number, count: number): Chunk {
  greatestMagnitude(values, start, end);
  const sorted = values.slice(start, end);
  for (let i = 0; i < sorted.length; i++) sorted[i] = Math.abs(sorted[i] ?? 0);
  sorted.sort();
  const chosen = sorted.subarray(sorted.length - count);
  const least = chosen[0] ?? 0;
  let equal = chosen.lastIndexOf(least) + 1;
  const indices = new Uint32Array(count);
  let next = 0;
  for (let i = start; i < end; i++) {
    const magnitude = Math.abs(values[i] ?? 0);
    if (magnitude < least || (magnitude === least && equal-- <= 0)) continue;
    indices[next++] = i;
  }
  return { indices, ...levelsOf(chosen) };
}

/** `chosen` is ascending, and not empty. The least squared error is the greatest sum of square / count over both parts. */
function levelsOf(chosen: Float32Array): Omit<Chunk, 'indices'> {
  const count = chosen.length;
  let total = 0;
  for (const magnitude of chosen) total += magnitude;
  let best = Number.NEGATIVE_INFINITY;
  let found = { border: Number.POSITIVE_INFINITY, low: total / count, high: total / count };
  let lower = 0;
  for (let i = 1; i < count; i++) {
    lower += chosen[i - 1] ?? 0;
    const border = chosen[i] ?? 0;
    if (border === chosen[i - 1]) continue;
    const [low, high] = [lower / i, (total - lower) / (count - i)];
    const gain = low * lower + high * (total - lower);
    if (gain <= best) continue;
    best = gain;
    found = { border, low, high };
  }
  return found;
}
