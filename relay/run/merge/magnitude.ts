import type { Part } from './merge.ts';

/** Integers are below 2^24 in magnitude: two passes, each with a histogram of 2^12 classes, find one exactly. */
const bits = 12;
const classes = 2 ** bits;

/**
 * The magnitude of the `count`th greatest integer of a part, but at least 1. Integers that its payload leaves out are zero.
 */
export async function greatMagnitude(part: Part, count: number): Promise<number> {
  const upper = classOf(await histogram(part, (magnitude) => magnitude >> bits), count);
  const lower = await histogram(part, (magnitude) =>
    magnitude >> bits === upper.found ? magnitude & (classes - 1) : 0,
  );
  return Math.max(1, upper.found * classes + classOf(lower, count - upper.above).found);
}

/** How many integers are in each class but the lowest. */
async function histogram(part: Part, classify: (magnitude: number) => number): Promise<Float64Array> {
  const counts = new Float64Array(classes);
  await part.decode(({ integers }) => {
    for (let i = 0; i < integers.length; i++) {
      const index = classify(Math.abs(integers[i] ?? 0));
      counts[index] = (counts[index] ?? 0) + 1;
    }
  });
  return counts;
}

/** The class of the `count`th greatest, and how many are in the classes above it. What is in none of those is in the lowest. */
function classOf(counts: Float64Array, count: number): { readonly found: number; readonly above: number } {
  let above = 0;
  for (let found = counts.length - 1; found > 0; found--) {
    const own = counts[found] ?? 0;
    if (above + own >= count) return { found, above };
    above += own;
  }
  return { found: 0, above };
}
