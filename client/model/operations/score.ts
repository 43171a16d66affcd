import type { Operation, Workgroups } from '../../gpu/operation.ts';
import { flat } from './grid.ts';

/** A head with one score a row; `width` is a multiple of 4. */
export interface ScoreShape {
  readonly rows: number;
  readonly width: number;
  /** Backward only: adds to the existing gradient of the head. */
  readonly accumulate?: boolean;
}

const lanes = 64;

function operation(
  name: string,
  entry: string,
  workgroups: (shape: ScoreShape) => Workgroups,
): Operation<ScoreShape> {
  return {
    name,
    words: ({ rows, width, accumulate = false }) => [rows, width / 4, Number(accumulate)],
    variants: [
      {
        name: 'flat',
        shader: 'score',
        entry,
        overrides: () => ({ lanes }),
        workgroups,
        fits: () => true,
        prefers: 'any',
      },
    ],
  };
}

/** Bindings: input (rows, width), weight (width), losses (rows): the negative scores. */
export const scoreForward = operation('score-forward', 'forward', ({ rows }) => flat(rows, lanes));

/** Bindings: weight, weights (rows), scaling, inputGradient. */
export const scoreBackward = operation('score-backward', 'backward', ({ rows, width }) =>
  flat((rows * width) / 4, lanes),
);

/** Bindings: input, weights (rows), scaling, weightGradient. */
export const scoreBackwardWeight = operation('score-backward-weight', 'backwardWeight', ({ width }) => [
  Math.ceil(width / 4 / lanes),
  1,
  1,
]);
