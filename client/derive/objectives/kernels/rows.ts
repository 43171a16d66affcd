import { type Batch, type BatchShape, ignoredTarget, type LossReport } from '../../../data/batch.ts';
import type { ExampleBatch, ExamplePlace } from '../../../data/example.ts';
import { TapestryError } from '../../../errors.ts';
import type { Operation } from '../../../gpu/operation.ts';

/** Words in the order in which a kernel's struct declares them. */
export type Words = readonly (readonly ['u32' | 'f32', number])[];

export function packed(words: Words): Uint32Array<ArrayBuffer> {
  const integers = new Uint32Array(words.length);
  const floats = new Float32Array(integers.buffer);
  words.forEach(([kind, value], i) => {
    (kind === 'f32' ? floats : integers)[i] = value;
  });
  return integers;
}

/** A kernel with an invocation for each of at most `capacity` pairs, sequences or rows. */
export function operationOf(
  shader: 'preference' | 'kto' | 'policy' | 'reward' | 'divergence',
  entry: string,
): Operation<{ readonly capacity: number }> {
  return {
    name: `objective-${entry}`,
    words: ({ capacity }) => [capacity],
    variants: [
      {
        name: 'one lane a sequence',
        shader,
        entry,
        overrides: () => ({}),
        workgroups: ({ capacity }) => [Math.ceil(capacity / 64), 1, 1],
        fits: () => true,
        prefers: 'any',
      },
    ],
  };
}

export const rowsIn = ({ batch, sequence }: BatchShape) => batch * sequence;

/** The rows of a place that have a target. */
export function countedRows({ targets }: Batch, { first, end }: ExamplePlace): number[] {
  const rows: number[] = [];
  for (let row = first; row < end; row++) if (targets[row] !== ignoredTarget) rows.push(row);
  return rows;
}

/** The sum of the values of rows. */
export function sumOf(values: ArrayLike<number>, rows: readonly number[]): number {
  return rows.reduce((sum, row) => sum + (values[row] ?? Number.NaN), 0);
}

/** What one part of a step computes, and its first row in the batch. */
export interface PartOfStep<Group> {
  readonly firstRow: number;
  readonly groups: Group[];
}

/**
 * Groups what belongs together by the part of the step that computes it. Throws TapestryError `batch.objective` if a group
 * lies in several parts.
 */
export function byPart<Group>(
  groups: readonly Group[],
  placesOf: (group: Group) => readonly ExamplePlace[],
  batchRows: number,
  parts: number,
): PartOfStep<Group>[] {
  const rows = batchRows / parts;
  const gathered = Array.from({ length: parts }, (_, part): PartOfStep<Group> => {
    return { firstRow: part * rows, groups: [] };
  });
  for (const group of groups) {
    const places = placesOf(group);
    const part = Math.floor((places[0]?.first ?? 0) / rows);
    const inside = ({ first, end }: ExamplePlace) => first >= part * rows && end <= (part + 1) * rows;
    if (!places.every(inside))
      throw new TapestryError(
        'batch.objective',
        `Sequences that belong together lie in different parts of a step of ${parts} parts.`,
        'Choose a number of windows in each part that is a multiple of those that belong together.',
      );
    gathered[part]?.groups.push(group);
  }
  return gathered;
}

/**
 * A batch whose rows that count in `places` have weight 1, to be multiplied by kernels; other rows keep their weight, 0 by
 * default. `report` gives the loss of the places; that of the other rows is added to it.
 */
export function objectiveBatch(
  batch: ExampleBatch,
  places: readonly ExamplePlace[],
  kernels: string,
  values: (parts: number) => readonly Uint32Array<ArrayBuffer>[],
  report: (logProbabilities: ArrayLike<number>, parts: number) => LossReport,
): Batch {
  const others = batch.weights?.slice() ?? new Float32Array(batch.targets.length);
  const rows = places.flatMap((place) => countedRows(batch, place));
  const weights = others.slice();
  for (const { first, end } of places) {
    others.fill(0, first, end);
    weights.fill(0, first, end);
  }
  for (const row of rows) weights[row] = 1;
  const { inputs, targets, documents } = batch;
  return {
    inputs,
    targets,
    documents,
    weights,
    objective: {
      kernels,
      values,
      report: (logProbabilities, parts) => {
        const { loss, metrics } = report(logProbabilities, parts);
        const rest = others.reduce(
          (sum, weight, row) => (weight === 0 ? sum : sum - weight * (logProbabilities[row] ?? Number.NaN)),
          0,
        );
        return { loss: loss + rest, metrics };
      },
    },
  };
}
