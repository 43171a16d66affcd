import { commonParts, type FlatVector } from '../gpu/flat-vector.ts';
import type { Operation } from '../gpu/operation.ts';
import type { ProgramBuilder } from '../gpu/program.ts';
import { flat } from '../model/operations/grid.ts';
import { groupAlignment } from '../model/parameters.ts';

/** Bindings: parameters, weights. */
export const castF16: Operation<{ readonly length: number }> = {
  name: 'cast-f16',
  words: ({ length }) => [length / 4],
  variants: [
    {
      name: 'flat',
      shader: 'castF16',
      entry: 'toHalves',
      overrides: () => ({ lanes: 64 }),
      workgroups: ({ length }) => flat(length / 4, 64),
      fits: () => true,
      prefers: 'any',
    },
  ],
};

/** Records the cast of the parameters for an f16 program, in parts that lie within one buffer on both sides. */
export function recordCastF16(
  program: ProgramBuilder,
  parameters: FlatVector,
  weights: FlatVector,
  maxBindingBytes: number,
): void {
  for (const { offset, length } of commonParts([parameters, weights], maxBindingBytes, groupAlignment)) {
    const range = (vector: FlatVector) => vector.range(offset, length);
    program.record(castF16, { length }, { parameters: range(parameters), weights: range(weights) });
  }
}
