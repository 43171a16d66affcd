import { inSlices } from '../aggregate.ts';

/** The L2 norm of the change from one vector to another, in slices. */
export async function changeOf(before: Float32Array, after: Float32Array): Promise<number> {
  let squares = 0;
  await inSlices(before.length, (from, to) => {
    for (let i = from; i < to; i++) squares += ((after[i] ?? 0) - (before[i] ?? 0)) ** 2;
  });
  return Math.sqrt(squares);
}
