import { ascendingMagnitudes, type Levels, levelsOf } from './magnitudes.ts';

/** What is chosen of a chunk of values. */
export interface Chunk extends Levels {
  /** Ascending. */
  readonly indices: Uint32Array;
}

/**
 * Chooses the `count` values of greatest magnitude among those from `start` to before `end`; of equal ones the earlier, and
 * their levels.
 *
 * Throws WireError NOT_FINITE on NaN and infinities.
 */
export function chosenOf(values: Float32Array, start: number, end: number, count: number): Chunk {
  const sorted = ascendingMagnitudes(values, start, end);
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
