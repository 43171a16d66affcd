import type { Operation, Variant, Workgroups } from '../../gpu/operation.ts';
import { floatBits } from '../../gpu/program.ts';

/** `width` is a multiple of 4. */
export interface RmsNormShape {
  readonly rows: number;
  readonly width: number;
  readonly epsilon: number;
  /** Backward only: adds to the existing gradient instead of overwriting it. */
  readonly accumulate?: boolean;
}

const words = ({ rows, width, epsilon, accumulate = false }: RmsNormShape): number[] => [
  rows,
  width / 4,
  floatBits(epsilon),
  Number(accumulate),
];

/**
 * One lane per row is fastest where a barrier costs more than a row (CPUs). On GPUs several lanes share a row, to read
 * adjacent memory.
 */
function variants(
  entry: string,
  grid: (shape: RmsNormShape, groups: number) => Workgroups,
): [Variant<RmsNormShape>, ...Variant<RmsNormShape>[]] {
  const form = (
    name: string,
    lanes: number,
    groups: number,
    prefers: 'processor' | 'graphics',
  ): Variant<RmsNormShape> => ({
    name,
    shader: 'rmsNorm',
    entry,
    overrides: () => ({ lanes, groups }),
    workgroups: (shape) => grid(shape, groups),
    fits: () => true,
    prefers,
  });
  return [
    form('one lane a row', 1, 8, 'processor'),
    form('32 lanes a row', 32, 4, 'graphics'),
    // The gain's gradient has few columns but may sum thousands of rows.
    {
      ...form('64 lanes a row', 64, 4, 'graphics'),
      worthwhile: ({ rows }) => entry === 'backwardGain' && rows >= 1024,
    },
  ];
}

const rowGrid = ({ rows }: RmsNormShape, groups: number): Workgroups => [1, Math.ceil(rows / groups), 1];

/** Bindings: input, gain, output, inverse (rows). */
export const rmsNormForward: Operation<RmsNormShape> = {
  name: 'rms-norm-forward',
  words,
  variants: variants('forward', rowGrid),
};

/** Bindings: input, gain, savedInverse, outputGradient, inputGradient. */
export const rmsNormBackward: Operation<RmsNormShape> = {
  name: 'rms-norm-backward',
  words,
  variants: variants('backward', rowGrid),
};

/** Bindings: input, savedInverse, outputGradient, gainGradient. */
export const rmsNormBackwardGain: Operation<RmsNormShape> = {
  name: 'rms-norm-backward-gain',
  words,
  variants: variants('backwardGain', ({ width }, groups) => [Math.ceil(width / 4 / groups), 1, 1]),
};
