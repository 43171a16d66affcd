import { epilogueNumber } from '../../../../shaders/linear/epilogues.ts';
import type { Operation, Variant } from '../../../gpu/operation.ts';
import { flat } from '../../operations/grid.ts';
import { forwardWords, type LinearForwardShape } from '../../operations/linear.ts';

/** Rows of a matrix (outputs, inputs) with an adapter whose packed rank is `rank`. */
export interface RowLengthsShape {
  readonly firstRow: number;
  readonly rows: number;
  readonly inputs: number;
  readonly rank: number;
}

/**
 * Bindings: weights W, reduction A, expansion B (with the adapter's scale), magnitudes (rows), factors and inverses (all rows
 * of W), float32. Other rows of factors and inverses keep their values.
 */
export const rowLengths: Operation<RowLengthsShape> = {
  name: 'adapter-row-lengths',
  words: ({ firstRow, rows, inputs, rank }) => [firstRow, rows, inputs / 4, rank],
  variants: [
    {
      name: 'one lane a row',
      shader: 'rowLengths',
      entry: 'rowLengths',
      overrides: () => ({ lanes: 8 }),
      workgroups: ({ rows }) => flat(rows, 8),
      fits: () => true,
      prefers: 'any',
    },
  ],
};

const lanes = 64;
const variants = <Shape>(entry: string, invocations: (shape: Shape) => number): [Variant<Shape>] => [
  {
    name: 'flat',
    shader: 'magnitude',
    entry,
    overrides: () => ({ lanes }),
    workgroups: (shape) => flat(invocations(shape), lanes),
    fits: () => true,
    prefers: 'any',
  },
];

/** The output of a linear layer before its epilogue. */
type MagnitudeShape = Omit<LinearForwardShape, 'inputs'>;

/** Bindings: left (rows, outputs), factors (outputs), addend, rotation, product, activated as in the linear layer's forward pass. */
export const magnitudeForward: Operation<MagnitudeShape> = {
  name: 'adapter-magnitude-forward',
  words: (shape) => forwardWords({ ...shape, inputs: 0 }),
  variants: variants<MagnitudeShape>('forward', ({ rows, outputs }) => rows * Math.ceil(outputs / 8)),
};

interface MagnitudeBackwardShape {
  readonly rows: number;
  readonly outputs: number;
}

/** Bindings: left dy (rows, outputs), factors, product (rows, outputs); addend and projected are not used. */
export const magnitudeBackwardInput: Operation<MagnitudeBackwardShape> = {
  name: 'adapter-magnitude-backward-input',
  words: ({ rows, outputs }) => [rows, outputs / 4, 0, epilogueNumber('plain'), 0, 0, 0, 0],
  variants: variants<MagnitudeBackwardShape>('backwardInput', ({ rows, outputs }) => (rows * outputs) / 4),
};

interface MagnitudeGradientShape extends MagnitudeBackwardShape {
  /** The columns whose magnitudes are trained. */
  readonly first: number;
  readonly count: number;
  readonly accumulate: boolean;
}

/** Bindings: left dy, right (the forward pass's left), inverses (outputs), magnitudeGradient (count). */
export const magnitudeGradient: Operation<MagnitudeGradientShape> = {
  name: 'adapter-magnitude-gradient',
  words: ({ rows, outputs, first, count, accumulate }) => [
    rows,
    outputs / 4,
    first,
    epilogueNumber(accumulate ? 'accumulate' : 'plain'),
    count,
    0,
    0,
    0,
  ],
  variants: variants<MagnitudeGradientShape>('backwardMagnitude', ({ count }) => count),
};
