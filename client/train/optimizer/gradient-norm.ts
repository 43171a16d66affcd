import type { FlatVector, Part } from '../../gpu/flat-vector.ts';
import type { Operation, Variant } from '../../gpu/operation.ts';
import type { BufferRange, ProgramBuilder } from '../../gpu/program.ts';

interface SumSquaresShape {
  readonly vectors: number;
  /** Number of partial sums; each invocation computes one. */
  readonly sums: number;
  readonly firstPartial: number;
}

/** A variant for CPUs, with 8 lanes, and one for GPUs, with 64. */
function variants<Shape>(
  entry: string,
  groups: (shape: Shape, lanes: number) => number,
): [Variant<Shape>, ...Variant<Shape>[]] {
  const form = (lanes: number, prefers: 'processor' | 'graphics'): Variant<Shape> => ({
    name: `${lanes} lanes`,
    shader: 'gradientNorm',
    entry,
    overrides: () => ({ lanes }),
    workgroups: (shape) => [groups(shape, lanes), 1, 1],
    fits: () => true,
    prefers,
  });
  return [form(8, 'processor'), form(64, 'graphics')];
}

/** Bindings: gradient, partials. */
export const sumSquares: Operation<SumSquaresShape> = {
  name: 'gradient-norm-sum-squares',
  words: ({ vectors, sums, firstPartial }) => [vectors, sums, firstPartial, 0, 0],
  variants: variants('sumSquares', ({ sums }, lanes) => Math.ceil(sums / lanes)),
};

interface ClipShape {
  readonly partials: number;
  /** 0 to keep the loss scale. */
  readonly growthInterval: number;
}

/** Bindings: stepValues, allPartials, clipping, scaling. */
export const clip: Operation<ClipShape> = {
  name: 'gradient-norm-clip',
  words: ({ partials, growthInterval }) => [0, 0, 0, partials, growthInterval],
  variants: variants('clip', () => 1),
};

/** Records the norm of the whole gradient and the values derived from it: `clipping` and the next step's `scaling`. */
export function recordGradientNorm(
  program: ProgramBuilder,
  gradient: FlatVector,
  parts: readonly Part[],
  bindings: {
    readonly stepValues: BufferRange;
    readonly clipping: BufferRange;
    readonly scaling: BufferRange;
  },
  growthInterval: number,
): void {
  // Enough sums to keep a GPU busy, each long enough for an invocation.
  const counted = parts.map((part) => ({ ...part, sums: Math.min(16_384, Math.ceil(part.length / 256)) }));
  const total = counted.reduce((sum, { sums }) => sum + sums, 0);
  const partials = program.activation(total);
  let firstPartial = 0;
  for (const { offset, length, sums } of counted) {
    const range = gradient.range(offset, length);
    program.record(sumSquares, { vectors: length / 4, sums, firstPartial }, { gradient: range, partials });
    firstPartial += sums;
  }
  program.record(clip, { partials: total, growthInterval }, { ...bindings, allPartials: partials });
}
